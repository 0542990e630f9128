import { connect, createServer, type Socket } from 'node:net';
import { copyBytes } from '../wire/jute.ts';
import type { LinkMap } from './link-map.ts';
import { DELAY_MS_MAX, type NodeClock } from './node-clock.ts';
import {
  type Address,
  type ConnectEvents,
  type Connection,
  type ConnectionEvents,
  type ListenEvents,
  type Listener,
  type Network,
  OUTPUT_HIGH_WATER_BYTES,
  type Timer,
} from './runtime.ts';

/** As many as a surge of clients after an election may bring. */
const BACKLOG = 1024;
const OUTPUT_BUFFER_BYTES = 16 * 1024;
/** A buffer that grew beyond this for one burst is not kept. */
const OUTPUT_BUFFER_KEPT_BYTES = 256 * 1024;

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

class NodeConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly #socket: Socket;
  readonly #clock: NodeClock;
  #events: ConnectionEvents | undefined;
  #out: Buffer = EMPTY;
  #outLength = 0;
  #flushQueued = false;
  /** `write` has answered false, and `onDrain` has not been called since. */
  #drainWanted = false;
  #ending = false;
  #closed = false;
  #reason = 'closed by peer';
  readonly #flush = () => this.#flushNow();

  constructor(socket: Socket, clock: NodeClock) {
    this.#socket = socket;
    this.#clock = clock;
    this.local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    this.remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    socket.pause();
    socket.on('error', error => {
      this.#reason = (error as NodeJS.ErrnoException).code ?? error.message;
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#out = EMPTY;
      this.#outLength = 0;
      this.#events?.onClose(this.#reason);
    });
  }

  get bytesQueued(): number {
    return this.#outLength + this.#socket.writableLength;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    const socket = this.#socket;
    if (this.#closed) {
      this.#clock.atEndOfTurn(() => events.onClose(this.#reason));
      return;
    }
    socket.on('data', chunk => {
      if (!this.#ending) events.onData(chunk);
    });
    socket.on('drain', () => this.#drained());
    socket.resume();
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    if (this.#closed || this.#ending) return true;
    const at = this.#outLength;
    const needed = at + (end - start);
    if (needed > this.#out.length) this.#grow(needed);
    copyBytes(bytes, start, end, this.#out, at);
    this.#outLength = needed;
    if (!this.#flushQueued) {
      this.#flushQueued = true;
      this.#clock.flushAfterTurn(this.#flush);
    }
    const accepted = this.bytesQueued <= OUTPUT_HIGH_WATER_BYTES;
    if (!accepted) this.#drainWanted = true;
    return accepted;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#out.length * 2, OUTPUT_BUFFER_BYTES));
    this.#out.copy(grown, 0, 0, this.#outLength);
    this.#out = grown;
  }

  #flushNow(): void {
    this.#flushQueued = false;
    if (this.#closed) return;
    if (this.#outLength > 0) this.#writeOut();
    // Even when nothing was to be written: an empty answer is still an answer that ends.
    if (this.#ending) this.#socket.end();
    // Node.js tells of no drain when the system took megabytes in one call.
    this.#drained();
  }

  #drained(): void {
    if (!this.#drainWanted || this.#ending || this.#closed) return;
    if (this.#outLength > 0 || this.#socket.writableNeedDrain) return;
    this.#drainWanted = false;
    this.#events?.onDrain?.();
  }

  #writeOut(): void {
    const socket = this.#socket;
    const piece = this.#out.subarray(0, this.#outLength);
    this.#outLength = 0;
    socket.write(piece);
    // The system took it all at once, as it nearly always does: the buffer is free again.
    if (socket.writableLength > 0 || this.#out.length > OUTPUT_BUFFER_KEPT_BYTES) this.#out = EMPTY;
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#reason = 'closed here';
    this.#socket.resume();
    if (!this.#flushQueued) {
      this.#flushQueued = true;
      this.#clock.flushAfterTurn(this.#flush);
    }
    // A peer that never closes its half would keep the socket for ever.
    const linger = setTimeout(() => this.#socket.destroy(), END_LINGER_MS);
    this.#socket.once('close', () => clearTimeout(linger));
  }

  destroy(reason = 'closed here'): void {
    if (this.#closed || this.#socket.destroyed) return;
    this.#reason = reason;
    this.#ending = true;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}

const END_LINGER_MS = 2000;
const EMPTY = Buffer.alloc(0);
