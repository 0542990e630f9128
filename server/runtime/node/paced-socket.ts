import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * Bytes handed on at once. That is a few requests, so many of them in one piece are answered over several
 * turns.
 */
const PIECE_BYTES = 256;
/** Pieces of all sockets in one turn of the loop: at most some twenty requests. */
const PIECES_PER_TURN = 2;

/** Divides the turns of the loop among sockets whose input costs much more than its bytes. */
export class InputPacer {
  /** Sockets with input, in the order of their next pieces. */
  readonly #waiting = new Set<PacedSocket>();
  #scheduled = false;

  add(socket: PacedSocket): void {
    this.#waiting.add(socket);
    this.#schedule();
  }

  drop(socket: PacedSocket): void {
    this.#waiting.delete(socket);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    let pieces = PIECES_PER_TURN;
    for (const socket of this.#waiting) {
      if (pieces-- === 0) break;
      this.#waiting.delete(socket);
      if (socket.handOn()) this.#waiting.add(socket);
    }
    this.#schedule();
  }
}

/**
 * A TCP connection whose input is handed on in pieces, in turns of the loop that all such connections share.
 * Node.js's HTTP server answers all requests of a chunk in one turn: 64 KiB of them would block everybody
 * else for a tenth of a second.
 */
export class PacedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #pacer: InputPacer;
  #input: Buffer = EMPTY;
  #ended = false;
  /** The reader has room. */
  #wanted = false;
  /** Unanswered requests of this connection. */
  #held = 0;

  constructor(socket: Socket, pacer: InputPacer) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#pacer = pacer;
    socket.on('data', chunk => {
      socket.pause();
      this.#input = chunk;
      if (this.#wanted) this.#wait();
    });
    socket.on('end', () => {
      this.#ended = true;
      if (this.#wanted) this.#wait();
    });
    socket.on('timeout', () => this.emit('timeout'));
    socket.on('error', error => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  /** Works as for a socket: output that the peer reads counts as activity too. */
  setTimeout(timeoutMs: number, onTimeout?: () => void): this {
    this.#socket.setTimeout(timeoutMs);
    if (onTimeout !== undefined) this.once('timeout', onTimeout);
    return this;
  }

  /** A request is being answered, and nothing more is handed on until `release`. */
  hold(): void {
    this.#held++;
  }

  release(): void {
    this.#held--;
    if (this.#wanted) this.#wait();
  }

  #wait(): void {
    if (this.#held === 0 && (this.#input.length > 0 || this.#ended)) this.#pacer.add(this);
  }

  /** For the pacer: hands on one piece. True when more can be handed on now. */
  handOn(): boolean {
    if (this.destroyed || !this.#wanted || this.#held > 0) return false;
    const piece = this.#input.subarray(0, PIECE_BYTES);
    if (piece.length > 0) {
      this.#input = this.#input.subarray(piece.length);
      this.#wanted = this.push(piece);
      if (this.#input.length > 0) return this.#wanted && this.#held === 0;
    }
    if (this.#ended) this.push(null);
    else this.#socket.resume();
    return false;
  }

  override _read(): void {
    this.#wanted = true;
    this.#wait();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#pacer.drop(this);
    this.#socket.destroy();
    done(error);
  }
}

const EMPTY = Buffer.alloc(0);
