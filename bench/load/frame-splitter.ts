/** jute.maxbuffer of the answering server plus its extra size, and room for headers. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Cuts a byte stream into frames (int length, then that many bytes) without copying those that lie whole in one
 * chunk. What is left of a chunk is kept, so the caller may reuse its read buffer.
 */
export class FrameSplitter {
  #kept = Buffer.alloc(0);
  #keptLength = 0;

  /** Calls `onFrame(bytes, start, end)` per whole frame until it returns false. @throws RangeError on a bad length */
  push(chunk: Buffer, length: number, onFrame: (bytes: Buffer, start: number, end: number) => boolean): void {
    if (this.#keptLength === 0) {
      const used = split(chunk, length, onFrame);
      if (used < length) this.#keep(chunk, used, length);
      return;
    }
    this.#keep(chunk, 0, length);
    const used = split(this.#kept, this.#keptLength, onFrame);
    this.#kept.copyWithin(0, used, this.#keptLength);
    this.#keptLength -= used;
  }

  #keep(from: Buffer, start: number, end: number): void {
    const needed = this.#keptLength + end - start;
    if (needed > this.#kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#kept.length * 2, 1024));
      this.#kept.copy(grown, 0, 0, this.#keptLength);
      this.#kept = grown;
    }
    from.copy(this.#kept, this.#keptLength, start, end);
    this.#keptLength = needed;
  }
}

/** Returns how many bytes were used. */
function split(
  bytes: Buffer,
  length: number,
  onFrame: (bytes: Buffer, start: number, end: number) => boolean,
): number {
  let at = 0;
  while (length - at >= 4) {
    const size = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (size < 0 || size > FRAME_BYTES_MAX) {
      throw new RangeError(`a frame says it has ${size} bytes: 0 to ${FRAME_BYTES_MAX} are accepted`);
    }
    const end = at + 4 + size;
    if (end > length) break;
    if (!onFrame(bytes, at + 4, end)) return end;
    at = end;
  }
  return at;
}
