import type { DescriptorReserve } from './descriptor-reserve.ts';
import type { LinkMap } from './link-map.ts';
import type { NameLookup } from './name-lookup.ts';
import type { NodeClock } from './node-clock.ts';
import { NodeConnection } from './node-connection.ts';
import { dial } from './node-dial.ts';
import { listenOn } from './node-listener.ts';
import type { Address, ConnectEvents, ListenEvents, Listener, Network, Timer } from './runtime.ts';

/** As many as a surge of clients after an election may bring. */
const BACKLOG = 1024;

/**
 * TCP on Node.js. Addresses are translated by the link map at dial time, so configurations stay as they are.
 */
export class NodeNetwork implements Network {
  readonly #clock: NodeClock;
  readonly #names: NameLookup;
  readonly #linkMap: LinkMap | undefined;
  readonly #reserve: DescriptorReserve | undefined;

  constructor(clock: NodeClock, names: NameLookup, linkMap?: LinkMap, reserve?: DescriptorReserve) {
    this.#reserve = reserve;
    this.#clock = clock;
    this.#names = names;
    this.#linkMap = linkMap;
  }

  listen(address: Address, events: ListenEvents, backlog = BACKLOG): Listener {
    const use = events.forClients === true ? 'client' : 'peer';
    const options = {
      noDelay: true,
      allowHalfOpen: true,
      backlog,
      accepts: () => this.#reserve?.allows(use) ?? true,
    };
    return listenOn(this.#names, address, options, {
      onListening: port => events.onListening(port),
      onSocket: socket => events.onConnection(new NodeConnection(socket, this.#clock)),
      onError: error => events.onError(error),
    });
  }

  connect(address: Address, timeoutMs: number, events: ConnectEvents): Timer {
    const target = this.#linkMap?.translate(address) ?? address;
    const parts = { clock: this.#clock, names: this.#names };
    return dial(parts, target, timeoutMs, {
      onSocket: socket => events.onConnected(new NodeConnection(socket, this.#clock)),
      onError: error => events.onError(error),
    });
  }
}
