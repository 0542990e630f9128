import { OUTPUT_HIGH_WATER_BYTES, type QueuedBytes } from '../runtime/runtime.ts';

const MIB = 1024 * 1024;

/** What may be queued for all clients together. Beyond it the connection that has most is cut off. */
export const OUTPUT_ALL_BYTES_MAX = 256 * MIB;
/** When half of that is queued, answers to a client stop at this much until it has read them. */
const TIGHT_HIGH_WATER_BYTES = 64 * 1024;

const EASED = 7 / 8;

/** Bytes that wait for the clients of one port. What is shared by many of them counts once. */
export class OutputLedger implements QueuedBytes {
  readonly bytesMax: number;
  #copiedBytes = 0;
  #sharedBytes = 0;
  /** How often each buffer waits. */
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

  /** After it was over: enough has gone. */
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
