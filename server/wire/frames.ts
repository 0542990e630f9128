import { JuteError } from './jute.ts';

/** Called with the payload of one frame in place: `bytes[start, end)`. */
export type FrameHandler = (bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts a byte stream into frames: int length, then that many bytes. Whole frames are handed on in place;
 * only a frame that spans chunks is copied, once.
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #onFrame: FrameHandler;
  /** A frame begun in an earlier chunk, its length field included; null when at a frame boundary. */
  #partial: Buffer | null = null;
  #have = 0;
  #stopped = false;

  constructor(frameBytesMax: number, onFrame: FrameHandler) {
    this.#frameBytesMax = frameBytesMax;
    this.#onFrame = onFrame;
  }

  /** No frame is handed on after this, not even of the chunk that is being read. */
  stop(): void {
    this.#stopped = true;
    this.#partial = null;
  }

  /** @throws JuteError for a length that no frame may have; the stream cannot be read on after that */
  feed(chunk: Buffer): void {
    let at = 0;
    if (this.#partial !== null) at = this.#fill(chunk);
    const end = chunk.length;
    while (!this.#stopped && at < end) {
      if (end - at < 4) break;
      const length = this.#checked(chunk.readInt32BE(at));
      const frameEnd = at + 4 + length;
      if (frameEnd > end) break;
      this.#onFrame(chunk, at + 4, frameEnd);
      at = frameEnd;
    }
    if (!this.#stopped && at < end) this.#begin(chunk, at);
  }

  #checked(length: number): number {
    if (length < 0 || length > this.#frameBytesMax) {
      throw new JuteError(`frame of ${length} bytes, 0 to ${this.#frameBytesMax} accepted`);
    }
    return length;
  }

  /** Stashes the head of a frame. The room grows to the whole frame once its length is known. */
  #begin(chunk: Buffer, at: number): void {
    const have = chunk.length - at;
    const size = have < 4 ? 4 : 4 + chunk.readInt32BE(at);
    this.#partial = Buffer.allocUnsafe(size);
    chunk.copy(this.#partial, 0, at);
    this.#have = have;
  }

  /** Continues the stashed frame and hands it on when whole. Returns how much of `chunk` it took. */
  #fill(chunk: Buffer): number {
    let partial = this.#partial!;
    let at = 0;
    if (this.#have < 4) {
      at = Math.min(4 - this.#have, chunk.length);
      chunk.copy(partial, this.#have, 0, at);
      this.#have += at;
      if (this.#have < 4) return at;
      const whole = Buffer.allocUnsafe(4 + this.#checked(partial.readInt32BE(0)));
      partial.copy(whole, 0, 0, 4);
      this.#partial = whole;
      partial = whole;
    }
    const take = Math.min(partial.length - this.#have, chunk.length - at);
    chunk.copy(partial, this.#have, at, at + take);
    this.#have += take;
    if (this.#have === partial.length) {
      this.#partial = null;
      this.#onFrame(partial, 4, partial.length);
    }
    return at + take;
  }
}
