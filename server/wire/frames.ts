import { JuteError } from './jute.ts';

/** Called with the payload of one frame in place: `bytes[start, end)`. */
export type FrameHandler = (bytes: Buffer, start: number, end: number) => void;

/**
 * Pieces of a frame that spans chunks are kept as they came, but joined early when their average size is
 * below this: a piece of one byte takes a hundred.
 */
const PIECE_BYTES_MIN = 4 * 1024;

/** A gathered frame of at least this size gets room around it. */
const ROOMY_FRAME_BYTES_MIN = 16 * 1024;

const LENGTH_BYTES = 4;
const UNKNOWN = -1;

export interface FrameCutterOptions {
  /** Room on either side of a large frame that spans chunks, for those who write around its data. */
  readonly roomBytes?: number;
  /** The memory of a chunk is used again for the next one, so what waits for that is copied. */
  readonly chunksAreReused?: boolean;
}

/**
 * Cuts a byte stream into frames: int length, then that many bytes. The caller asks for one frame at a time,
 * and the rest is kept until then. Whole frames are given in place; only a frame that spans chunks is copied,
 * once. Memory grows with the bytes that have arrived, not with the announced length.
 */
export class FrameCutter {
  readonly #frameBytesMax: number;
  readonly #roomBytes: number;
  readonly #chunksAreReused: boolean;
  /** The current frame, once `peek` is true: `bytes[start, end)`, until `take`. */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** Nobody else uses `bytes`, and there is room on either side of the frame. Never true of a small frame. */
  isRoomy = false;
  /** The chunk being cut, from `#at` on. */
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Chunks that arrived while frames of an earlier one were still waiting. */
  #later: Buffer[] = [];
  #laterBytes = 0;
  /** Pieces of a frame that began in an earlier chunk, with its length field; empty at a frame boundary. */
  #pieces: Buffer[] = [];
  #have = 0;
  /** The size of that frame, with its length field. */
  #whole = UNKNOWN;
  /** That frame, once it is complete. */
  #gathered: Buffer | null = null;
  #stopped = false;

  constructor(frameBytesMax: number, { roomBytes = 0, chunksAreReused = false }: FrameCutterOptions = {}) {
    this.#frameBytesMax = frameBytesMax;
    this.#roomBytes = roomBytes;
    this.#chunksAreReused = chunksAreReused;
  }

  /** `chunk` belongs to the cutter from now on, or until its frames are taken if chunks are reused. */
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

  /** No frame is given after this, not even from the current chunk. */
  stop(): void {
    this.#stopped = true;
    this.#chunk = EMPTY;
    this.#at = 0;
    this.#later = [];
    this.#laterBytes = 0;
    this.#endFrame();
    this.bytes = EMPTY;
  }

  /** True when there are bytes that `peek` has not examined, or a frame that was not taken. */
  get hasMore(): boolean {
    return this.#at < this.#chunk.length || this.#later.length > 0 || this.#gathered !== null;
  }

  /** Bytes that were not taken: those of waiting frames, and of an incomplete one. */
  get bytesKept(): number {
    return this.#chunk.length - this.#at + this.#laterBytes + this.#have;
  }

  /** Bytes of a frame that is incomplete, or that came in several pieces and was not taken. */
  get bytesGathered(): number {
    return this.#have;
  }

  /**
   * True when a whole frame is available. Until `take`, repeated calls give the same one.
   * @throws JuteError for a length that no frame may have; the stream cannot be read further after that
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

  /** Moves past the current frame. */
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
        this.isRoomy = false;
        return true;
      }
      this.#whole = whole;
    }
    if (left > 0) {
      const tail = chunk.subarray(at);
      // A small piece would keep all of a large chunk in memory.
      const isCopied = this.#chunksAreReused || left * 2 < chunk.buffer.byteLength;
      this.#pieces.push(isCopied ? Buffer.from(tail) : tail);
      this.#have = left;
    }
    this.#chunk = EMPTY;
    this.#at = 0;
    return false;
  }

  #checked(length: number): number {
    if (length < 0 || length > this.#frameBytesMax) {
      throw new JuteError(`a frame has ${length} bytes; 0 to ${this.#frameBytesMax} are accepted`);
    }
    return length;
  }

  /** Continues the incomplete frame. True when it is complete. */
  #gather(): boolean {
    if (this.#gathered !== null) return true;
    if (this.#whole === UNKNOWN) {
      this.#takePiece(LENGTH_BYTES);
      if (this.#have < LENGTH_BYTES) return false;
      this.#whole = LENGTH_BYTES + this.#checked(this.#pieces[0]!.readInt32BE(0));
    }
    this.#takePiece(this.#whole);
    if (this.#have < this.#whole) return false;
    this.isRoomy = this.#roomBytes > 0 && this.#whole >= ROOMY_FRAME_BYTES_MIN;
    const room = this.isRoomy ? this.#roomBytes : 0;
    this.#gathered = joined(this.#pieces, this.#whole, room);
    this.#pieces = [];
    this.bytes = this.#gathered;
    this.start = room + LENGTH_BYTES;
    this.end = room + this.#whole;
    return true;
  }

  /** Takes from the chunk until there are `count` bytes of the frame, or the chunk is used up. */
  #takePiece(count: number): void {
    const end = Math.min(this.#at + count - this.#have, this.#chunk.length);
    if (end === this.#at) return;
    const piece = this.#chunk.subarray(this.#at, end);
    this.#pieces.push(this.#chunksAreReused ? Buffer.from(piece) : piece);
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

/** Hands on each frame as soon as it is complete, for receivers that never have to delay one. */
export class FrameReader {
  readonly #cutter: FrameCutter;
  readonly #onFrame: FrameHandler;

  constructor(frameBytesMax: number, onFrame: FrameHandler, options: FrameCutterOptions = {}) {
    this.#cutter = new FrameCutter(frameBytesMax, options);
    this.#onFrame = onFrame;
  }

  /** No frame is handed on after this, not even from the chunk being read. */
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

function joined(pieces: readonly Buffer[], length: number, room: number): Buffer {
  if (room === 0) return Buffer.concat(pieces, length);
  const whole = Buffer.allocUnsafeSlow(room + length + room);
  let at = room;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const EMPTY = Buffer.alloc(0);
