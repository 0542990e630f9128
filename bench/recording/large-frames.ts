/** Leaves the frames above a size out of a byte stream, and keeps none of their bytes meanwhile. */
const LENGTH_BYTES = 4;
const EMPTY = Buffer.alloc(0);

export class LargeFrames {
  readonly #bytesMax: number;
  readonly #onLarge: (bytes: number) => void;
  /** What the last chunk had of a length field, if it ended within one. */
  #begun: Buffer = EMPTY;
  /** Bytes of the current frame that have not come. */
  #left = 0;
  #isLarge = false;

  /** @param onLarge called with the length of a frame that is left out; it may throw */
  constructor(bytesMax: number, onLarge: (bytes: number) => void) {
    this.#bytesMax = bytesMax;
    this.#onLarge = onLarge;
  }

  /** The rest of a chunk, in order. @throws what `onLarge` throws */
  without(chunk: Buffer): Buffer[] {
    const kept: Buffer[] = [];
    let from = 0;
    const keepUntil = (end: number): void => {
      if (end > from) kept.push(chunk.subarray(from, end));
    };
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const end = Math.min(at + this.#left, chunk.length);
        this.#left -= end - at;
        at = end;
        if (this.#isLarge) from = end;
        continue;
      }
      const end = at + LENGTH_BYTES - this.#begun.length;
      const isSplit = this.#begun.length > 0;
      const field = Buffer.concat([this.#begun, chunk.subarray(at, end)]);
      if (field.length < LENGTH_BYTES) {
        keepUntil(at);
        this.#begun = field;
        return kept;
      }
      this.#begun = EMPTY;
      const bytes = field.readInt32BE(0);
      this.#isLarge = bytes > this.#bytesMax;
      if (this.#isLarge) {
        keepUntil(at);
        from = end;
        this.#onLarge(bytes);
      } else if (isSplit) {
        kept.push(field);
        from = end;
      }
      // A length below 0 is left to whoever reads on.
      this.#left = Math.max(0, bytes);
      at = end;
    }
    keepUntil(chunk.length);
    return kept;
  }
}
