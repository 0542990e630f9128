import { JuteError } from './jute.ts';

/** Called with the payload of one frame in place: `bytes[start, end)`. */
export type FrameHandler = (bytes: Buffer, start: number, end: number) => void;

/**
 * Room for a frame that spans chunks, at first. It doubles as bytes come: the length of a frame alone, which
 * costs its sender nothing, takes no more than this.
 */
const FIRST_ROOM_BYTES = 4 * 1024;

/**
 * Cuts a byte stream into frames: int length, then that many bytes. Frames are asked for one at a time, and
 * what follows is kept until it is asked for. Whole frames are given in place; only a frame that spans chunks
 * is copied.
 */
export class FrameCutter {
  readonly #frameBytesMax: number;
  /** The frame at hand, once `peek` is true: `bytes[start, end)`, until `take`. */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** What is being cut, from `#at` on. */
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Chunks that came while frames of an earlier one were still to be asked for. */
  #later: Buffer[] = [];
  #laterBytes = 0;
  /** A frame begun in an earlier chunk, its length field included; null when at a frame boundary. */
  #partial: Buffer | null = null;
  #have = 0;
  #stopped = false;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** `chunk` belongs to the cutter from now on. */
  add(chunk: Buffer): void {
    if (this.#stopped || chunk.length === 0) return;
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk;
      this.#at = 0;
    } else {
      this.#later.push(chunk);
      this.#laterBytes += chunk.length;
    }
  }

  /** No frame is given after this, not even of the chunk at hand. */
  stop(): void {
    this.#stopped = true;
    this.#chunk = EMPTY;
    this.#at = 0;
    this.#later = [];
    this.#laterBytes = 0;
    this.#partial = null;
    this.bytes = EMPTY;
  }

  /** There are bytes that `peek` has not looked at, or a frame that was not taken. */
  get hasMore(): boolean {
    return (
      this.#at < this.#chunk.length ||
      this.#later.length > 0 ||
      (this.#partial !== null && this.#partial === this.bytes)
    );
  }

  /** Of what was not taken: frames that wait, and the part of one that has come. */
  get bytesKept(): number {
    return (
      this.#chunk.length - this.#at + this.#laterBytes + (this.#partial === null ? 0 : this.#partial.length)
    );
  }

  /** Of a frame that has not come whole. */
  get bytesGathered(): number {
    return this.#partial === null ? 0 : this.#have;
  }

  /**
   * True when a whole frame is at hand. Asked again before `take`, it is the same one.
   * @throws JuteError for a length that no frame may have; the stream cannot be read on after that
   */
  peek(): boolean {
    for (;;) {
      if (this.#partial !== null ? this.#fill(this.#partial) : this.#cut()) return true;
      if (this.#later.length === 0) {
        this.bytes = EMPTY;
        return false;
      }
      this.#chunk = this.#later.shift()!;
      this.#laterBytes -= this.#chunk.length;
      this.#at = 0;
    }
  }

  /** Moves past the frame at hand. */
  take(): void {
    if (this.#partial !== null) this.#partial = null;
    else this.#at = this.end;
  }

  #cut(): boolean {
    const chunk = this.#chunk;
    const at = this.#at;
    const left = chunk.length - at;
    let whole = 4;
    if (left >= 4) {
      whole += this.#checked(chunk.readInt32BE(at));
      if (whole <= left) {
        this.bytes = chunk;
        this.start = at + 4;
        this.end = at + whole;
        return true;
      }
    }
    if (left > 0) {
      this.#partial = Buffer.allocUnsafe(Math.min(whole, Math.max(left, FIRST_ROOM_BYTES)));
      chunk.copy(this.#partial, 0, at);
      this.#have = left;
    }
    this.#chunk = EMPTY;
    this.#at = 0;
    return false;
  }

  #checked(length: number): number {
    if (length < 0 || length > this.#frameBytesMax) {
      throw new JuteError(`frame of ${length} bytes, 0 to ${this.#frameBytesMax} accepted`);
    }
    return length;
  }

  /** Goes on with the frame that was begun. True when it is whole. */
  #fill(partial: Buffer): boolean {
    if (this.#have < 4) this.#copy(partial, 4);
    if (this.#have < 4) return false;
    const whole = 4 + this.#checked(partial.readInt32BE(0));
    const left = this.#chunk.length - this.#at;
    let room = partial;
    if (Math.min(whole, this.#have + left) > room.length) {
      room = Buffer.allocUnsafe(Math.min(whole, Math.max(this.#have + left, room.length * 2)));
      partial.copy(room, 0, 0, this.#have);
      this.#partial = room;
    }
    this.#copy(room, whole);
    if (this.#have < whole) return false;
    this.bytes = room;
    this.start = 4;
    this.end = whole;
    return true;
  }

  /** Takes from the chunk until the partial frame has `count` bytes, or the chunk is used up. */
  #copy(to: Buffer, count: number): void {
    const take = Math.min(count - this.#have, this.#chunk.length - this.#at);
    if (take <= 0) return;
    this.#chunk.copy(to, this.#have, this.#at, this.#at + take);
    this.#have += take;
    this.#at += take;
  }
}

/** Hands on each frame as soon as it is whole: for those who never have to wait with one. */
export class FrameReader {
  readonly #cutter: FrameCutter;
  readonly #onFrame: FrameHandler;

  constructor(frameBytesMax: number, onFrame: FrameHandler) {
    this.#cutter = new FrameCutter(frameBytesMax);
    this.#onFrame = onFrame;
  }

  /** No frame is handed on after this, not even of the chunk that is being read. */
  stop(): void {
    this.#cutter.stop();
  }

  /** @throws JuteError for a length that no frame may have; the stream cannot be read on after that */
  feed(chunk: Buffer): void {
    const cutter = this.#cutter;
    cutter.add(chunk);
    while (cutter.peek()) {
      const { bytes, start, end } = cutter;
      cutter.take();
      this.#onFrame(bytes, start, end);
    }
  }
}

const EMPTY = Buffer.alloc(0);
