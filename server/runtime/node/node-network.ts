import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { LinkMap } from '../addresses/link-map.ts';
import type { NameLookup } from '../addresses/name-lookup.ts';
import type {
  Address,
  ConnectEvents,
  ListenEvents,
  Listener,
  ListenOptions,
  Network,
  SecurityContext,
  Timer,
} from '../runtime.ts';
import { contextProblem, SecureContexts, secureDialler } from '../tls/node-tls.ts';
import { TlsDoor } from '../tls/tls-door.ts';
import type { DescriptorReserve } from './descriptor-reserve.ts';
import type { NodeClock } from './node-clock.ts';
import { NodeConnection } from './node-connection.ts';
import { dial } from './node-dial.ts';
import { listenOn } from './node-listener.ts';
import { TurnOutput } from './turn-output.ts';

/** Backlog for the surge of clients after an election. */
const BACKLOG = 1024;

/** TCP on Node.js. The link map translates addresses at dial time, so configurations stay unchanged. */
export class NodeNetwork implements Network {
  readonly #clock: NodeClock;
  readonly #turnOutput: TurnOutput;
  readonly #names: NameLookup;
  readonly #linkMap: LinkMap | undefined;
  readonly #reserve: DescriptorReserve | undefined;
  readonly #secureContexts = new SecureContexts();

  constructor(clock: NodeClock, names: NameLookup, linkMap?: LinkMap, reserve?: DescriptorReserve) {
    this.#reserve = reserve;
    this.#clock = clock;
    this.#turnOutput = new TurnOutput(clock);
    this.#names = names;
    this.#linkMap = linkMap;
  }

  listen(address: Address, events: ListenEvents, { backlog, security }: ListenOptions = {}): Listener {
    const use = events.forClients === true ? 'client' : 'peer';
    const options = {
      noDelay: true,
      allowHalfOpen: true,
      backlog: backlog ?? BACKLOG,
      accepts: () => this.#reserve?.allows(use) ?? true,
    };
    const onSocket = (socket: Socket, certificate: X509Certificate | null = null) =>
      events.onConnection(this.#connection(socket, certificate));
    const onRefused = (from: Address, reason: string) => events.onRefused?.(from, reason);
    const door =
      security === undefined ? undefined : new TlsDoor(security, this.#names, { onSocket, onRefused });
    const listener = listenOn(this.#names, address, options, {
      onListening: port => events.onListening(port),
      onSocket: door === undefined ? socket => onSocket(socket) : socket => door.take(socket),
      onError: error => events.onError(error),
    });
    return {
      get port() {
        return listener.port;
      },
      close() {
        door?.close();
        listener.close();
      },
    };
  }

  connect(address: Address, timeoutMs: number, events: ConnectEvents, security?: SecurityContext): Timer {
    const target = this.#linkMap?.translate(address) ?? address;
    // A certificate names the host, even when a proxy stands in front of it.
    const secure =
      security === undefined
        ? undefined
        : secureDialler(security, this.#secureContexts.of(security), address.host, this.#names);
    const parts = { clock: this.#clock, names: this.#names, secure };
    return dial(parts, target, timeoutMs, {
      onSocket: (socket, certificate) => events.onConnected(this.#connection(socket, certificate)),
      onError: error => events.onError(error),
    });
  }

  #connection(socket: Socket, certificate: X509Certificate | null): NodeConnection {
    return new NodeConnection(socket, this.#clock, this.#turnOutput, certificate);
  }

  addressesOf(host: string, done: (addresses: readonly string[]) => void): Timer {
    return this.#names.find(host, (error, addresses) => done(error === null ? addresses : []));
  }

  problemWith(security: SecurityContext): string | null {
    return contextProblem(security);
  }
}
