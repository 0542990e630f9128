import type { ServerConfig } from '../config/server-config.ts';
import type { Configuration } from '../membership/configuration.ts';
import type { Address } from '../runtime/runtime.ts';
import type { ClientPort } from './client-port.ts';

/** Follows where the committed configuration puts the client port of this server. */
export class ClientPortMoves {
  readonly #port: Pick<ClientPort, 'move' | 'shut'>;
  readonly #sid: number;
  /** The port came from `clientPort` in zoo.cfg, so a line without a client port leaves it where it is. */
  readonly #isFromFile: boolean;
  #address: Address | null;

  constructor(
    port: Pick<ClientPort, 'move' | 'shut'>,
    { quorum, clientAddress }: Pick<ServerConfig, 'quorum' | 'clientAddress'>,
  ) {
    this.#port = port;
    this.#sid = quorum?.sid ?? 0;
    this.#address = clientAddress ?? null;
    this.#isFromFile =
      clientAddress !== undefined && quorum?.config.servers.get(this.#sid)?.client === undefined;
  }

  /** A server that has left the configuration keeps its port. @see QuorumPeer.processReconfig */
  follow({ servers }: Configuration): void {
    const own = servers.get(this.#sid);
    if (own === undefined) return;
    const { client } = own;
    if (client === undefined) {
      if (this.#isFromFile || this.#address === null) return;
      this.#address = null;
      this.#port.shut();
    } else if (client.host !== this.#address?.host || client.port !== this.#address.port) {
      this.#address = client;
      this.#port.move(client);
    }
  }
}
