/** What one member says at one moment. */
export interface EpochSample {
  readonly timeMs: number;
  readonly member: string;
  readonly serving: boolean;
  readonly leading: boolean;
  readonly epoch: number;
  /**
   * Stopped by SIGSTOP or the like: it serves nobody and notices nothing. Its time starts again when it
   * continues.
   */
  readonly paused: boolean;
}

/**
 * Checks that no member serves in an old epoch for longer than it takes to notice the new one. A leader
 * notices the loss of its quorum, a learner of its leader and an observer of its master within syncLimit
 * each. A member that serves on would show clients the past forever.
 */
export class StaleEpochs {
  readonly #limitMs: number;
  readonly #staleSinceMs = new Map<string, number>();
  #newest = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Returns each violation once. */
  see({ timeMs, member, serving, leading, epoch, paused }: EpochSample): string | undefined {
    if (serving && leading) this.#newest = Math.max(this.#newest, epoch);
    if (!serving || paused || epoch >= this.#newest) {
      this.#staleSinceMs.delete(member);
      return undefined;
    }
    const sinceMs = this.#staleSinceMs.get(member) ?? timeMs;
    this.#staleSinceMs.set(member, sinceMs);
    if (timeMs - sinceMs <= this.#limitMs) return undefined;
    this.#staleSinceMs.set(member, Number.POSITIVE_INFINITY);
    return `${member} has served in epoch ${epoch} for ${Math.round(timeMs - sinceMs)} ms since epoch ${this.#newest} began`;
  }
}
