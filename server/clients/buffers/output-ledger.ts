import { OUTPUT_HIGH_WATER_BYTES, type QueuedBytes } from '../../runtime/runtime.ts';

const MIB = 1024 * 1024;

/** Limit on the output queued for all clients together. Beyond it the connection with most is cut off. */
const OUTPUT_ALL_BYTES_MAX = 256 * MIB;
/**
 * When half of that limit is queued, the server stops answering a client at this much until the client has
 * read it.
 */
const TIGHT_HIGH_WATER_BYTES = 64 * 1024;

const EASED = 7 / 8;

/** Counts the bytes that wait for the clients of one port. A buffer that many clients share counts once. */
export class OutputLedger implements QueuedBytes {
  readonly bytesMax: number;
  #copiedBytes = 0;
  #sharedBytes = 0;
  /** How many clients each shared buffer waits for. */
  readonly #shared = new Map<Uint8Array, number>();

  constructor(bytesMax = OUTPUT_ALL_BYTES_MAX) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#copiedBytes + this.#sharedBytes;
  }

  get highWaterBytes(): number {
    return this.bytes < this.bytesMax / 2 ? OUTPUT_HIGH_WATER_BYTES : TIGHT_HIGH_WATER_BYTES;
  }

  get isOver(): boolean {
    return this.bytes > this.bytesMax;
  }

  /** Enough was released after the limit was exceeded. */
  get isEased(): boolean {
    return this.bytes <= this.bytesMax * EASED;
  }

  add(bytes: number): void {
    this.#copiedBytes += bytes;
  }

  keep(shared: Uint8Array): void {
    const times = this.#shared.get(shared) ?? 0;
    this.#shared.set(shared, times + 1);
    if (times === 0) this.#sharedBytes += shared.length;
  }

  letGo(shared: Uint8Array): void {
    const times = this.#shared.get(shared) ?? 0;
    if (times > 1) {
      this.#shared.set(shared, times - 1);
      return;
    }
    if (this.#shared.delete(shared)) this.#sharedBytes -= shared.length;
  }
}
