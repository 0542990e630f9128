import { JuteError } from './jute.ts';

/** Called with the payload of one frame in place: `bytes[start, end)`. */
export type FrameHandler = (bytes: Buffer, start: number, end: number) => void;

/**
 * The pieces of a frame that spans chunks are kept as they came, and joined before when they are smaller than
 * this on the average: a piece of a byte takes a hundred.
 */
const PIECE_BYTES_MIN = 4 * 1024;

const LENGTH_BYTES = 4;
const UNKNOWN = -1;

/**
 * Cuts a byte stream into frames: int length, then that many bytes. Frames are asked for one at a time, and
 * what follows is kept until it is asked for. Whole frames are given in place; only a frame that spans chunks
 * is copied, once. What is kept of it is what has come: its length alone costs its sender nothing.
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
  /** Of a frame begun in an earlier chunk, its length field included; empty when at a frame boundary. */
  #pieces: Buffer[] = [];
  #have = 0;
  /** All of that frame, its length field included. */
  #whole = UNKNOWN;
  /** That frame, once it is whole. */
  #gathered: Buffer | null = null;
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
    this.#endFrame();
    this.bytes = EMPTY;
  }

  /** There are bytes that `peek` has not looked at, or a frame that was not taken. */
  get hasMore(): boolean {
    return this.#at < this.#chunk.length || this.#later.length > 0 || this.#gathered !== null;
  }

  /** Of what was not taken: frames that wait, and the part of one that has come. */
  get bytesKept(): number {
    return this.#chunk.length - this.#at + this.#laterBytes + this.#have;
  }

  /** Of a frame that has not come whole, or did not come in one piece and was not taken. */
  get bytesGathered(): number {
    return this.#have;
  }

  /**
   * True when a whole frame is at hand. Asked again before `take`, it is the same one.
   * @throws JuteError for a length that no frame may have; the stream cannot be read on after that
   */
  peek(): boolean {
    for (;;) {
      if (this.#have > 0 ? this.#gather() : this.#cut()) return true;
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
    if (this.#gathered !== null) this.#endFrame();
    else this.#at = this.end;
  }

  #cut(): boolean {
    const chunk = this.#chunk;
    const at = this.#at;
    const left = chunk.length - at;
    if (left >= LENGTH_BYTES) {
      const whole = LENGTH_BYTES + this.#checked(chunk.readInt32BE(at));
      if (whole <= left) {
        this.bytes = chunk;
        this.start = at + LENGTH_BYTES;
        this.end = at + whole;
        return true;
      }
      this.#whole = whole;
    }
    if (left > 0) {
      const tail = chunk.subarray(at);
      // A little of a large chunk would keep all of it.
      this.#pieces.push(left * 2 < chunk.buffer.byteLength ? Buffer.from(tail) : tail);
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
  #gather(): boolean {
    if (this.#gathered !== null) return true;
    if (this.#whole === UNKNOWN) {
      this.#takePiece(LENGTH_BYTES);
      if (this.#have < LENGTH_BYTES) return false;
      this.#whole = LENGTH_BYTES + this.#checked(this.#pieces[0]!.readInt32BE(0));
    }
    this.#takePiece(this.#whole);
    if (this.#have < this.#whole) return false;
    this.#gathered = Buffer.concat(this.#pieces, this.#whole);
    this.#pieces = [];
    this.bytes = this.#gathered;
    this.start = LENGTH_BYTES;
    this.end = this.#whole;
    return true;
  }

  /** Takes from the chunk until there are `count` bytes of the frame, or the chunk is used up. */
  #takePiece(count: number): void {
    const end = Math.min(this.#at + count - this.#have, this.#chunk.length);
    if (end === this.#at) return;
    this.#pieces.push(this.#chunk.subarray(this.#at, end));
    this.#have += end - this.#at;
    this.#at = end;
    if (this.#pieces.length > 1 + this.#have / PIECE_BYTES_MIN)
      this.#pieces = [Buffer.concat(this.#pieces, this.#have)];
  }

  #endFrame(): void {
    this.#gathered = null;
    this.#pieces = [];
    this.#have = 0;
    this.#whole = UNKNOWN;
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
