import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { type Acl, Perms } from '../wire/acl.ts';
import { type ClientOutput, EVENT_BYTES_MAX } from './buffers/client-output.ts';
import type { OutputLedger } from './buffers/output-ledger.ts';
import type { ClientIdentities } from './client-identities.ts';
import type { ConnectionStats } from './connection-stats.ts';

/** The connection, as its events use it. */
export interface ToldClient {
  readonly ids: ClientIdentities;
  readonly stats: ConnectionStats;
  readonly output: ClientOutput;
  readonly isClosed: boolean;
  /** The client does not keep up: nothing more is answered before it has read what waits for it. */
  relieve(): void;
  /** Closes the connection at once; unsent output is lost. */
  cut(reason: string): void;
}

/** What all clients share. */
interface AllClients {
  readonly outputs: OutputLedger;
  /** The server holds more than its limit: the connections that hold most are closed. */
  relieve(): void;
}

/** What one client is told unasked: the watches that fire, and changes of the state of its connection. */
export class ClientEvents {
  readonly #client: ToldClient;
  readonly #all: AllClients;

  constructor(client: ToldClient, all: AllClients) {
    this.#client = client;
    this.#all = all;
  }

  /** A watch fires. A client that may no longer read the node gets no event. @see CVE-2024-23944 */
  fire(server: ZooKeeperServer, type: number, path: string, zxid: number, acl: readonly Acl[]): void {
    server.eventsFired++;
    const { config, access, stats } = server.parts;
    const client = this.#client;
    if (!config.skipAcl && !access.allows(acl, Perms.READ, client.ids.all)) return;
    client.stats.lastZxid = zxid;
    if (!client.output.event(type, path, stats, server.events)) this.onSlow();
    else if (this.#all.outputs.isOver) this.#all.relieve();
  }

  /** `state`: as in `KeeperState`. */
  tellState(server: ZooKeeperServer, state: number): void {
    if (!this.#client.output.stateEvent(state, server.parts.stats)) this.onSlow();
  }

  /** The client reads its events too slowly. */
  onSlow(): void {
    const client = this.#client;
    if (client.isClosed) return;
    client.relieve();
    const { eventBytesWaiting } = client.output;
    if (eventBytesWaiting > EVENT_BYTES_MAX)
      client.cut(`${eventBytesWaiting} bytes of watch events wait for a client that does not read`);
  }
}
