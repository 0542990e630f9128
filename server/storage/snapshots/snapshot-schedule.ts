import type { Random } from '../../runtime/runtime.ts';

export interface SnapshotScheduleConfig {
  readonly snapCount: number;
  readonly snapSizeLimitBytes: number;
}

/**
 * Decides when the next snapshot is due: at a random share of the limits, so that the servers of an ensemble
 * do not all pause at once.
 */
export class SnapshotSchedule {
  readonly #config: SnapshotScheduleConfig;
  readonly #random: Random;
  #txns = 0;
  #bytes = 0;
  /** Random share of the limits, in [0.5, 1). */
  #share = 1;

  constructor(config: SnapshotScheduleConfig, random: Random) {
    this.#config = config;
    this.#random = random;
    this.#draw();
  }

  appended(bytes: number): void {
    this.#txns++;
    this.#bytes += bytes;
  }

  get isDue(): boolean {
    const { snapCount, snapSizeLimitBytes } = this.#config;
    return (
      this.#txns >= snapCount * this.#share ||
      (snapSizeLimitBytes > 0 && this.#bytes >= snapSizeLimitBytes * this.#share)
    );
  }

  /** This many transactions of the log came after the snapshot. */
  startAt(txns: number): void {
    this.#txns = txns;
    this.#bytes = 0;
  }

  /** A snapshot begins. */
  begun(): void {
    this.startAt(0);
    this.#draw();
  }

  #draw(): void {
    this.#share = 0.5 + this.#random.float() / 2;
  }
}
