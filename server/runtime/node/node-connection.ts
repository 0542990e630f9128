import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { copyBytes } from '../../copy-bytes.ts';
import { canonicalHost } from '../addresses/host-address.ts';
import { Linger } from '../linger.ts';
import {
  type Address,
  type Connection,
  type ConnectionEvents,
  OUTPUT_HIGH_WATER_BYTES,
  type QueuedBytes,
} from '../runtime.ts';
import type { NodeClock } from './node-clock.ts';
import type { TurnOutput } from './turn-output.ts';

const OUTPUT_BUFFER_BYTES = 16 * 1024;
/** A buffer that grew beyond this in one burst is not kept. */
const OUTPUT_BUFFER_KEPT_BYTES = 256 * 1024;
/**
 * The socket gets at most this much at once: Node.js reports the peer's progress only at the end of each
 * piece.
 */
const PIECE_BYTES = 128 * 1024;
/**
 * Bytes of at least this size that the writer will not change are not copied. For fewer, a copy costs less
 * than a separate write.
 */
const SHARED_BYTES_MIN = 16 * 1024;
/**
 * Input of one connection in one turn of the loop, not exactly. Node.js would go on for 2 MiB while the peer
 * sends, as long as other connections wait.
 */
const INPUT_BYTES_PER_TURN = 256 * 1024;
/** Smaller chunks do not count: they mean that all input has been read. */
const FULL_CHUNK_BYTES = 32 * 1024;

/** One TCP connection on Node.js. */
export class NodeConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly peerCertificate: X509Certificate | null;
  readonly #socket: Socket;
  readonly #clock: NodeClock;
  readonly #turnOutput: TurnOutput;
  #events: ConnectionEvents | undefined;
  /** Bytes written in this turn, after `#parts`. */
  #out: Buffer = EMPTY;
  #outLength = 0;
  /** Parts not yet given to the socket, oldest first. */
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /**
   * For each of `#parts`, the shared buffer that it is (part of); null when it belongs to this connection.
   */
  #sharedOf: (Uint8Array | null)[] = [];
  #sharedBytes = 0;
  #queued: QueuedBytes | undefined;
  #counted = 0;
  #flushQueued = false;
  /** True when all output of earlier turns has left. */
  #isClear = true;
  /** `write` has answered false, and `onDrain` has not been called since. */
  #drainWanted = false;
  #ending = false;
  #closed = false;
  #reason = 'closed by peer';
  #linger: Linger | undefined;
  /** The next turn goes on with `#parts`. */
  #goesOn = false;
  #isPaused = false;
  /** Until the next turn, since this one has read enough of it. */
  #rests = false;
  #inputTurn = -1;
  #inputBytes = 0;
  /** Set while it is stopped: what comes first when it is started again. */
  #unread: Buffer | null = null;
  #peerEnded = false;
  readonly #flush = () => this.#flushNow();

  constructor(
    socket: Socket,
    clock: NodeClock,
    turnOutput: TurnOutput,
    peerCertificate: X509Certificate | null = null,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#turnOutput = turnOutput;
    this.local = { host: canonicalHost(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    this.remote = { host: canonicalHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    this.peerCertificate = peerCertificate;
    socket.pause();
    socket.on('error', error => {
      this.#reason = (error as NodeJS.ErrnoException).code ?? error.message;
    });
    socket.on('drain', () => this.#giveMore());
    socket.on('close', () => {
      this.#closed = true;
      this.#dropQueued();
      this.#linger?.cancel();
      this.#events?.onClose(this.#reason);
    });
  }

  get bytesQueued(): number {
    return this.#outLength + this.#partsBytes + this.#socket.writableLength;
  }

  start(events: ConnectionEvents, queued?: QueuedBytes): void {
    this.#events = events;
    this.#queued = queued;
    const socket = this.#socket;
    if (this.#closed) {
      this.#clock.atEndOfTurn(() => events.onClose(this.#reason));
      return;
    }
    if (this.#unread !== null) {
      const unread = this.#unread;
      this.#unread = null;
      this.#isPaused = false;
      this.#clock.atEndOfTurn(() => this.#startAgain(unread));
      return;
    }
    socket.on('data', chunk => {
      if (this.#ending) return;
      if (chunk.length >= FULL_CHUNK_BYTES) this.#countInput(chunk.length);
      this.#events?.onData(chunk);
    });
    socket.on('end', () => {
      this.#peerEnded = true;
      this.#onPeerEnd();
    });
    socket.resume();
  }

  stop(unread: Buffer): void {
    this.#events = undefined;
    this.#unread = unread;
    this.pause();
  }

  #startAgain(unread: Buffer): void {
    if (this.#ending || this.#closed) return;
    if (unread.length > 0) this.#events?.onData(unread);
    if (this.#peerEnded) this.#onPeerEnd();
    else if (!this.#isPaused) this.#socket.resume();
  }

  #countInput(bytes: number): void {
    const { turns } = this.#clock;
    if (turns !== this.#inputTurn) {
      this.#inputTurn = turns;
      this.#inputBytes = 0;
    }
    this.#inputBytes += bytes;
    if (this.#inputBytes < INPUT_BYTES_PER_TURN || this.#rests) return;
    this.#rests = true;
    this.#socket.pause();
    this.#clock.inNextTurn(() => {
      this.#rests = false;
      if (!this.#isPaused || this.#ending) this.#socket.resume();
    });
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    if (this.#closed || this.#ending) return true;
    const at = this.#outLength;
    const needed = at + (end - start);
    if (needed > this.#out.length) this.#grow(needed);
    copyBytes(bytes, start, end, this.#out, at);
    this.#outLength = needed;
    return this.#wrote();
  }

  writeShared(bytes: Uint8Array): boolean {
    if (bytes.length < SHARED_BYTES_MIN) return this.write(bytes);
    if (this.#closed || this.#ending) return true;
    if (this.#outLength > 0) this.#cutOut();
    this.#pushPart(bytes, bytes);
    this.#sharedBytes += bytes.length;
    this.#queued?.keep(bytes);
    return this.#wrote();
  }

  #wrote(): boolean {
    this.#queueFlush();
    // As nearly always, the output is small and nothing is before it. It is counted when it leaves.
    if (this.#isClear && this.#outLength <= OUTPUT_BUFFER_BYTES) return true;
    const { bytesQueued } = this;
    const queued = this.#queued;
    const highWaterBytes = queued === undefined ? OUTPUT_HIGH_WATER_BYTES : queued.highWaterBytes;
    if (queued !== undefined) this.#count(queued, bytesQueued);
    const accepted = bytesQueued <= highWaterBytes;
    if (!accepted) this.#drainWanted = true;
    return accepted;
  }

  #count(queued: QueuedBytes, bytesQueued: number): void {
    const own = bytesQueued - this.#sharedBytes;
    if (own === this.#counted) return;
    queued.add(own - this.#counted);
    this.#counted = own;
  }

  #pushPart(part: Uint8Array, shared: Uint8Array | null): void {
    this.#isClear = false;
    this.#parts.push(part);
    this.#sharedOf.push(shared);
    this.#partsBytes += part.length;
  }

  #dropQueued(): void {
    this.#out = EMPTY;
    this.#outLength = 0;
    for (const shared of this.#sharedOf) if (shared !== null) this.#queued?.letGo(shared);
    this.#parts = [];
    this.#sharedOf = [];
    this.#partsBytes = 0;
    this.#sharedBytes = 0;
    this.#queued?.add(-this.#counted);
    this.#counted = 0;
  }

  #queueFlush(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    this.#clock.flushAfterTurn(this.#flush);
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#out.length * 2, OUTPUT_BUFFER_BYTES));
    this.#out.copy(grown, 0, 0, this.#outLength);
    this.#out = grown;
  }

  /**
   * Makes the bytes written so far a separate part; few bytes are copied, so that the buffer can be reused.
   */
  #cutOut(): void {
    const written = this.#out.subarray(0, this.#outLength);
    this.#outLength = 0;
    if (written.length < SHARED_BYTES_MIN) {
      this.#pushPart(Buffer.from(written), null);
    } else {
      this.#pushPart(written, null);
      this.#out = EMPTY;
    }
  }

  #flushNow(): void {
    this.#flushQueued = false;
    if (this.#closed) return;
    const out = this.#out;
    if (this.#outLength > 0) this.#handOver(out);
    this.#giveMore();
    // The system took everything at once, as nearly always, so the buffer is free again.
    const isFree = this.#socket.writableLength === 0 && out.length <= OUTPUT_BUFFER_KEPT_BYTES;
    if (isFree && this.#parts.length === 0 && this.#out.length === 0) this.#out = out;
  }

  #handOver(out: Buffer): void {
    const written = out.subarray(0, this.#outLength);
    this.#out = EMPTY;
    this.#outLength = 0;
    if (this.#parts.length === 0 && !this.#socket.writableNeedDrain && written.length <= PIECE_BYTES) {
      this.#turnOutput.take(written.length);
      this.#socket.write(written);
    } else {
      this.#pushPart(written, null);
    }
  }

  /** Gives the socket one piece after another, as long as the system takes them and the turn lasts. */
  #giveMore(): void {
    const socket = this.#socket;
    const parts = this.#parts;
    let done = 0;
    while (done < parts.length && !socket.writableNeedDrain && !this.#turnOutput.isUsedUp) {
      const part = parts[done]!;
      const piece = part.length <= PIECE_BYTES ? part : part.subarray(0, PIECE_BYTES);
      const shared = this.#sharedOf[done]!;
      this.#partsBytes -= piece.length;
      if (shared !== null) this.#sharedBytes -= piece.length;
      if (piece !== part) {
        parts[done] = part.subarray(PIECE_BYTES);
      } else {
        done++;
        if (shared !== null) this.#queued?.letGo(shared);
      }
      this.#turnOutput.take(piece.length);
      socket.write(piece);
    }
    if (done < parts.length && !socket.writableNeedDrain) this.#goOnInNextTurn();
    if (done > 0) {
      parts.splice(0, done);
      this.#sharedOf.splice(0, done);
    }
    const { bytesQueued } = this;
    this.#isClear = bytesQueued === 0;
    if (this.#queued !== undefined) this.#count(this.#queued, bytesQueued);
    // Also when nothing was written: an empty answer ends too.
    if (this.#ending && parts.length === 0 && !this.#flushQueued) socket.end();
    this.#tellDrained();
  }

  #goOnInNextTurn(): void {
    if (this.#goesOn) return;
    this.#goesOn = true;
    this.#turnOutput.whenLeft(() => {
      this.#goesOn = false;
      if (!this.#closed) this.#giveMore();
    });
  }

  #tellDrained(): void {
    if (!this.#drainWanted || this.#ending || this.#closed) return;
    if (this.#outLength > 0 || this.#parts.length > 0 || this.#socket.writableNeedDrain) return;
    this.#drainWanted = false;
    this.#events?.onDrain?.();
  }

  limitIdle(idleMs: number): void {
    this.#socket.setTimeout(idleMs, () => this.destroy(`no byte was sent or taken for ${idleMs} ms`));
  }

  keepAlive(): void {
    this.#socket.setKeepAlive(true);
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#reason = 'closed here';
    this.#socket.resume();
    this.#queueFlush();
    // A peer that never closes its half would keep the socket forever.
    this.#linger = new Linger(this.#clock, this, () => this.#socket.destroy());
  }

  #onPeerEnd(): void {
    if (this.#ending || this.#closed || this.#events?.onEnd?.() === true) return;
    this.end();
    this.#reason = 'closed by peer';
  }

  destroy(reason = 'closed here'): void {
    if (this.#closed || this.#socket.destroyed) return;
    this.#reason = reason;
    this.#ending = true;
    this.#dropQueued();
    this.#socket.destroy();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#rests) this.#socket.resume();
  }
}

const EMPTY = Buffer.alloc(0);
