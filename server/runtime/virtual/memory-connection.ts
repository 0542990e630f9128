import type { X509Certificate } from 'node:crypto';
import { Linger } from '../linger.ts';
import {
  type Address,
  type Connection,
  type ConnectionEvents,
  OUTPUT_HIGH_WATER_BYTES,
  type QueuedBytes,
  type Timer,
} from '../runtime.ts';
import type { MemoryLink, PacketOrder } from './memory-link.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Most bytes under way or unread by the receiver, as the socket buffers of two kernels hold. */
export const WINDOW_BYTES = 256 * 1024;

/** What a connection's end needs of its host. */
export interface ConnectionHome {
  readonly clock: VirtualClock;
  /** True without power, when nothing answers, not even with a reset. */
  readonly off: boolean;
  forget(connection: MemoryConnection): void;
  /** A packet arrived while the host was off: the next process under its name answers it. */
  knocked(connection: MemoryConnection): void;
}

const CLOSED_HERE = 'closed here';

/**
 * One end of a TCP connection between two processes in virtual time: a FIFO stream of bytes with a bounded
 * window, which closes as TCP does. The kernel's part (arrival, window, reset) happens at once, also while
 * the process is paused. The process's part (every callback) happens in a turn of the process.
 */
export class MemoryConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly peerCertificate: X509Certificate | null;
  readonly #home: ConnectionHome;
  readonly #link: MemoryLink;
  readonly #order: PacketOrder = { lastArrivalMs: 0 };
  /** Set by `join` before anybody holds this end. */
  #peer!: MemoryConnection;
  #events: ConnectionEvents | undefined;

  #output = Buffer.alloc(0);
  #outputLength = 0;
  #queued: QueuedBytes | undefined;
  #flushRequested = false;
  #drainWanted = false;
  /** Bytes sent and not yet read by the peer's process. */
  #unread = 0;

  #received: Buffer[] = [];
  #paused = false;
  #readRequested = false;
  #peerFinished = false;
  #endTold = false;

  #idle: Timer | undefined;
  #activeMs = 0;
  #ending = false;
  #finished = false;
  #closed = false;
  #closeReason = '';
  #linger: Linger | undefined;
  /** True when everything that this end sends is lost, and nobody learns of it. */
  #swallowed = false;

  constructor(
    home: ConnectionHome,
    link: MemoryLink,
    ends: { readonly local: Address; readonly remote: Address },
    peerCertificate: X509Certificate | null,
  ) {
    this.#home = home;
    this.#link = link;
    this.local = ends.local;
    this.remote = ends.remote;
    this.peerCertificate = peerCertificate;
  }

  /** Joins two ends, before anybody holds one of them. */
  static join(a: MemoryConnection, b: MemoryConnection): void {
    a.#peer = b;
    b.#peer = a;
  }

  get #highWaterBytes(): number {
    return this.#queued?.highWaterBytes ?? OUTPUT_HIGH_WATER_BYTES;
  }

  get bytesQueued(): number {
    return this.#outputLength;
  }

  get closed(): boolean {
    return this.#closed;
  }

  start(events: ConnectionEvents, queued?: QueuedBytes): void {
    this.#events = events;
    this.#queued = queued;
    if (this.#closed) this.#announceClose();
    else this.#requestRead();
  }

  stop(unread: Buffer): void {
    this.#events = undefined;
    this.#endTold = false;
    if (unread.length === 0 || this.#closed) return;
    this.#received.unshift(unread);
    this.#peer.#unread += unread.length;
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    if (this.#closed || this.#ending) return true;
    this.#append(bytes, start, end);
    this.#requestFlush();
    this.#queued?.add(end - start);
    const accepted = this.#outputLength <= this.#highWaterBytes;
    if (!accepted) this.#drainWanted = true;
    return accepted;
  }

  writeShared(bytes: Uint8Array): boolean {
    return this.write(bytes);
  }

  /** This network loses no connection by idleness. */
  keepAlive(): void {}

  limitIdle(idleMs: number): void {
    const { clock } = this.#home;
    this.#activeMs = clock.monotonicMs();
    const look = (): void => {
      const leftMs = this.#activeMs + idleMs - clock.monotonicMs();
      if (leftMs > 0) this.#idle = clock.after(leftMs, look);
      else this.destroy(`no byte was sent or taken for ${idleMs} ms`);
    };
    this.#idle?.cancel();
    this.#idle = clock.after(idleMs, look);
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#closeReason = CLOSED_HERE;
    this.#requestFlush();
    this.#linger = new Linger(this.#home.clock, this, () => this.#giveUp());
    this.resume();
  }

  /** The kernel still delivers what it was given; the rest is lost, and the peer is told. */
  #giveUp(): void {
    if (!this.#finished) {
      this.destroy();
      return;
    }
    this.#close(CLOSED_HERE);
    this.#announceClose();
  }

  destroy(reason = CLOSED_HERE): void {
    if (this.#closed) return;
    this.reset();
    this.#closeReason = reason;
    this.#announceClose();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#requestRead();
  }

  /** Takes a place in the order of this end's packets, for the handshake. */
  sendPacket(arrive: () => void, bytes = 0): void {
    if (!this.#swallowed) this.#link.send(this.#order, arrive, bytes);
  }

  /**
   * From now on everything this end sends is lost, as behind a firewall that forgot the connection: the
   * connection is half open.
   */
  swallow(): void {
    this.#swallowed = true;
  }

  /** Power is lost: this end is gone and its peer does not learn of it. */
  vanish(): void {
    if (!this.#closed) this.#close('power lost');
  }

  /** The machine is back and knows nothing of this connection. The peer, which still sends, is told. */
  disown(): void {
    const peer = this.#peer;
    this.sendPacket(() => peer.#arriveReset());
  }

  /** Ends this side without telling its process, which asked for it or is dead, and resets the peer. */
  reset(): void {
    if (this.#closed) return;
    this.#close('reset');
    const peer = this.#peer;
    this.sendPacket(() => peer.#arriveReset());
  }

  /** Resets the connection as a proxy or a firewall does: both ends learn of it. */
  resetBoth(): void {
    const peer = this.#peer;
    this.#arriveReset();
    peer.#arriveReset();
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#outputLength + end - start;
    if (needed > this.#output.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#output.length * 2, 256));
      this.#output.copy(grown, 0, 0, this.#outputLength);
      this.#output = grown;
    }
    this.#output.set(bytes.subarray(start, end), this.#outputLength);
    this.#outputLength = needed;
  }

  #requestFlush(): void {
    if (this.#flushRequested) return;
    this.#flushRequested = true;
    this.#home.clock.flushAfterTurn(() => {
      this.#flushRequested = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    const length = Math.min(this.#outputLength, WINDOW_BYTES - this.#unread);
    if (length > 0) this.#sendBytes(length);
    if (this.#ending && this.#outputLength === 0) {
      this.#finish();
      if (this.#endTold) this.#requestRead();
    }
    if (this.#drainWanted && this.#outputLength < this.#highWaterBytes / 2) {
      this.#drainWanted = false;
      this.#enter(() => {
        if (!this.#closed) this.#events?.onDrain?.();
      });
    }
  }

  #sendBytes(length: number): void {
    this.#activeMs = this.#home.clock.monotonicMs();
    const bytes = Buffer.from(this.#output.subarray(0, length));
    this.#output.copyWithin(0, length, this.#outputLength);
    this.#outputLength -= length;
    this.#queued?.add(-length);
    this.#unread += length;
    let from = 0;
    for (const point of this.#link.splitPoints(length)) {
      this.#sendChunk(bytes.subarray(from, point));
      from = point;
    }
    this.#sendChunk(from === 0 ? bytes : bytes.subarray(from));
  }

  #sendChunk(chunk: Buffer): void {
    this.sendPacket(() => this.#peer.#arriveData(chunk), chunk.length);
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.sendPacket(() => this.#peer.#arriveFinish());
  }

  #arriveData(chunk: Buffer): void {
    if (this.#closed) {
      if (this.#home.off) this.#home.knocked(this);
      else this.disown();
      return;
    }
    this.#activeMs = this.#home.clock.monotonicMs();
    this.#received.push(chunk);
    this.#requestRead();
  }

  #arriveFinish(): void {
    if (this.#closed) return;
    this.#peerFinished = true;
    this.#requestRead();
  }

  #arriveReset(): void {
    if (this.#closed) return;
    this.#close('ECONNRESET');
    this.#announceClose();
  }

  #requestRead(): void {
    if (this.#events === undefined || this.#paused || this.#readRequested) return;
    if (this.#received.length === 0 && !this.#peerFinished) return;
    this.#readRequested = true;
    this.#enter(() => {
      this.#readRequested = false;
      this.#read();
    });
  }

  /** Reads in a turn of the process. */
  #read(): void {
    for (let chunk = this.#nextChunk(); chunk !== undefined; chunk = this.#nextChunk()) {
      if (!this.#ending) this.#events?.onData(chunk);
    }
    if (this.#closed || this.#paused || !this.#peerFinished || this.#events === undefined) return;
    if (!this.#endTold) this.#tellEnd();
    if (this.#finished && !this.#closed) {
      const reason = this.#closeReason;
      this.#close(reason);
      this.#events?.onClose(reason);
    }
  }

  #tellEnd(): void {
    this.#endTold = true;
    if (this.#ending || this.#events?.onEnd?.() === true) return;
    this.end();
    this.#closeReason = 'closed by peer';
    this.#flush();
  }

  #nextChunk(): Buffer | undefined {
    if (this.#closed || this.#paused || this.#events === undefined) return undefined;
    const chunk = this.#received.shift();
    if (chunk !== undefined) this.#peer.#wasRead(chunk.length, this);
    return chunk;
  }

  /** The peer's process has read, so the window opens. This matters only to an end that waits for it. */
  #wasRead(length: number, reader: MemoryConnection): void {
    this.#unread -= length;
    if (this.#outputLength > 0) reader.sendPacket(() => this.#flush());
  }

  #close(reason: string): void {
    this.#closed = true;
    this.#closeReason = reason;
    this.#received = [];
    this.#output = Buffer.alloc(0);
    this.#queued?.add(-this.#outputLength);
    this.#outputLength = 0;
    this.#linger?.cancel();
    this.#idle?.cancel();
    this.#home.forget(this);
  }

  #announceClose(): void {
    if (this.#events === undefined) return;
    this.#enter(() => this.#events?.onClose(this.#closeReason));
  }

  /** Never runs `run` inside the caller, which may be the process itself. */
  #enter(run: () => void): void {
    const clock = this.#home.clock;
    clock.time.schedule(clock.time.nowMs, clock, run);
  }
}
