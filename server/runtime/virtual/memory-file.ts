import type { Random } from '../runtime.ts';

/** One change to a file that has not reached the medium, with enough to undo and redo it. */
interface PendingChange {
  readonly position: number;
  /** The bytes of a write; null for a change of size. */
  readonly after: Buffer | null;
  /** The previous bytes: those under a write, or those that a truncation cut off. */
  readonly before: Buffer;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
}

/** What a log reader asks for at a time, since recovery reads preallocated files of 64 MiB to their end. */
const ZEROS = Buffer.alloc(256 * 1024);

/**
 * The contents of one file of a `MemoryDisk`: what a reader sees now, and how to return to what the medium
 * holds. Bytes that were never written read as zeros and take no memory, as in a sparse file.
 */
export class MemoryFile {
  size = 0;
  modifiedMs: number;
  #bytes: Buffer = Buffer.alloc(0);
  #pending: PendingChange[] = [];
  /**
   * The contents of the medium after a failed sync: the kernel has dropped what it was to write, still shows
   * it to every reader, and later syncs succeed without it. Only bytes written anew are saved.
   */
  #medium: { bytes: Buffer; size: number } | undefined;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  /** Number of changes that are not yet durable. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Readers do not change what they get: bytes that were never written are the same memory for all. */
  read(position: number, length: number): Buffer {
    const end = Math.min(position + length, this.size);
    const count = Math.max(0, end - position);
    if (position >= this.#bytes.length && count <= ZEROS.length) return ZEROS.subarray(0, count);
    const out = Buffer.alloc(count);
    this.#bytes.copy(out, 0, position, Math.min(end, this.#bytes.length));
    return out;
  }

  write(position: number, bytes: Uint8Array): void {
    const after = Buffer.from(bytes);
    const sizeAfter = Math.max(this.size, position + after.length);
    const before = this.read(position, after.length);
    this.#pending.push({ position, after, before, sizeBefore: this.size, sizeAfter });
    this.#put(position, after);
    this.size = sizeAfter;
  }

  truncate(size: number): void {
    if (size === this.size) return;
    const before = this.read(size, Math.max(0, Math.min(this.size, this.#bytes.length) - size));
    this.#pending.push({ position: size, after: null, before, sizeBefore: this.size, sizeAfter: size });
    this.#setSize(size);
  }

  /** The first `count` pending changes reached the medium. */
  settle(count: number): void {
    const settled = this.#pending.splice(0, count);
    if (this.#medium === undefined) return;
    const shown = { bytes: this.#bytes, size: this.size };
    this.#show(this.#medium);
    for (const change of settled) this.#makeAgain(change);
    this.#medium = { bytes: this.#bytes, size: this.size };
    this.#show(shown);
  }

  /** A sync failed: the changes it covered never reach the medium. */
  poison(): void {
    const shown = { bytes: Buffer.from(this.#bytes), size: this.size };
    this.#returnToMedium();
    this.#medium = { bytes: this.#bytes, size: this.size };
    this.#pending = [];
    this.#show(shown);
  }

  /**
   * Power is lost: a random prefix of the pending changes survives, the last of them perhaps in part. Changes
   * reach the medium in the order in which they were made; reordering within one write is not modelled.
   */
  crash(random: Random): void {
    const pending = this.#pending;
    this.#returnToMedium();
    const kept = random.below(pending.length + 1);
    for (let i = 0; i < kept; i++) this.#makeAgain(pending[i]!);
    const torn = pending[kept];
    if (torn?.after) {
      const bytes = torn.after.subarray(0, random.below(torn.after.length + 1));
      this.#put(torn.position, bytes);
      if (bytes.length > 0) this.size = Math.max(this.size, torn.position + bytes.length);
    }
    this.#pending = [];
    this.#medium = undefined;
  }

  #returnToMedium(): void {
    if (this.#medium !== undefined) {
      this.#show(this.#medium);
      return;
    }
    for (let i = this.#pending.length - 1; i >= 0; i--) this.#takeBack(this.#pending[i]!);
  }

  #show({ bytes, size }: { bytes: Buffer; size: number }): void {
    this.#bytes = bytes;
    this.size = size;
  }

  /** Flips one stored bit, as a decaying medium does. */
  flipBit(position: number, bit = 0): void {
    const byte = this.read(position, 1)[0] ?? 0;
    this.#put(position, Buffer.of(byte ^ (1 << bit)));
  }

  #takeBack(change: PendingChange): void {
    if (change.after !== null) this.#put(change.position, change.before);
    this.#setSize(change.sizeBefore);
    if (change.after === null && change.before.length > 0) this.#put(change.position, change.before);
  }

  #makeAgain(change: PendingChange): void {
    if (change.after === null) this.#setSize(change.sizeAfter);
    else {
      this.#put(change.position, change.after);
      this.size = change.sizeAfter;
    }
  }

  #setSize(size: number): void {
    if (size < this.#bytes.length) this.#bytes.fill(0, size);
    this.size = size;
  }

  #put(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, position);
  }
}
