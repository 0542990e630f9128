import { connect, createServer } from 'node:net';
import type { LinkMap } from './link-map.ts';
import { DELAY_MS_MAX, type NodeClock } from './node-clock.ts';
import { NodeConnection } from './node-connection.ts';
import type { Address, ConnectEvents, ListenEvents, Listener, Network, Timer } from './runtime.ts';

/** As many as a surge of clients after an election may bring. */
const BACKLOG = 1024;

/** TCP on Node.js. Addresses are translated by the link map at dial time, so configurations stay as they are. */
export class NodeNetwork implements Network {
  readonly #clock: NodeClock;
  readonly #linkMap: LinkMap | undefined;

  constructor(clock: NodeClock, linkMap?: LinkMap) {
    this.#clock = clock;
    this.#linkMap = linkMap;
  }

  listen(address: Address, events: ListenEvents, backlog = BACKLOG): Listener {
    let port = 0;
    const server = createServer({ noDelay: true }, socket => {
      events.onConnection(new NodeConnection(socket, this.#clock));
    });
    server.on('error', error => events.onError(error));
    server.listen({ host: address.host, port: address.port, backlog }, () => {
      const bound = server.address();
      port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      events.onListening(port);
    });
    return {
      get port() {
        return port;
      },
      close: () => server.close(),
    };
  }

  connect(address: Address, timeoutMs: number, events: ConnectEvents): Timer {
    const target = this.#linkMap?.translate(address) ?? address;
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    let settled = false;
    const waitMs = Math.min(timeoutMs, DELAY_MS_MAX);
    const timer = setTimeout(() => fail(new Error(`no connection within ${timeoutMs} ms`)), waitMs);
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      socket.removeAllListeners();
      return true;
    };
    const fail = (error: Error): void => {
      if (!settle()) return;
      socket.on('error', () => {});
      socket.destroy();
      events.onError(error);
    };
    socket.on('error', fail);
    socket.on('connect', () => {
      if (settle()) events.onConnected(new NodeConnection(socket, this.#clock));
    });
    return {
      cancel: () => {
        if (!settle()) return;
        socket.on('error', () => {});
        socket.destroy();
      },
    };
  }
}
