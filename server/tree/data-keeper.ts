import { copyBytes } from '../copy-bytes.ts';

/** Small data shares slabs of this size. A slab lives as long as the last node in it, so it must be small. */
export const SLAB_BYTES = 8 * 1024;

/** Data of at least this size gets memory of its own. */
export const OWN_MEMORY_BYTES_MIN = 1024;

/**
 * Large data is not copied when the other bytes in its memory are at most this fraction of its own length.
 * That is so in a transaction that stays in memory in any case.
 */
const SPARE_PART_MAX = 1 / 8;

/** V8 keeps arrays up to this size on its heap; asking for their memory would move them off it. */
const ON_HEAP_BYTES_MAX = 64;

const EMPTY = Buffer.alloc(0);

/**
 * Stores the data of znodes. A transaction carries a view of the chunk that it was read from. If a node kept
 * that view, its hundred bytes would hold 64 KiB for as long as the node lives.
 */
export class DataKeeper {
  #slab = EMPTY;
  #used = 0;

  /**
   * Returns a buffer with the same bytes that holds little other memory. Null stays null, because clients see
   * the difference.
   */
  keep(data: Buffer | null): Buffer | null {
    if (data === null) return null;
    const length = data.length;
    if (length === 0) return EMPTY;
    if (length > ON_HEAP_BYTES_MAX && data.byteOffset === 0 && data.buffer.byteLength === length) return data;
    if (length >= OWN_MEMORY_BYTES_MIN) {
      if (data.buffer.byteLength - length <= length * SPARE_PART_MAX) return data;
      const own = Buffer.allocUnsafeSlow(length);
      copyBytes(data, 0, length, own, 0);
      return own;
    }
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = start + length;
    copyBytes(data, 0, length, this.#slab, start);
    return this.#slab.subarray(start, this.#used);
  }
}
