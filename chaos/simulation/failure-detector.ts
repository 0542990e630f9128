export interface FailureDetectorOptions {
  readonly voters: readonly number[];
  readonly nowMs: () => number;
  /** How long it takes to notice that a voter is dead. */
  readonly noticeMs: number;
  /**
   * Whether it goes on authorising a voter until the other one is synchronised, or only until that one
   * starts.
   */
  readonly keeps: boolean;
  /** Whether a voter has everything that was ever committed. */
  readonly isCurrent: (sid: number) => boolean;
}

/**
 * The oracle of two voters as it has to be: it authorises one when the other is dead, and never both, nor
 * one that has missed something. A voter that is paused or cut off is not dead. What a wrong oracle may do
 * is stated in server/docs/oracle.md, and not tried here.
 */
export class FailureDetector {
  readonly #options: FailureDetectorOptions;
  readonly #downSinceMs = new Map<number, number>();
  /** Not synchronised since the other voter was authorised: even without a write, that one may have led. */
  #behind: number | null = null;
  #authorised: number | null = null;

  constructor(options: FailureDetectorOptions) {
    this.#options = options;
    for (const sid of options.voters) this.#downSinceMs.set(sid, 0);
  }

  onDown(sid: number): void {
    const { voters, nowMs } = this.#options;
    if (!voters.includes(sid)) return;
    if (!this.#downSinceMs.has(sid)) this.#downSinceMs.set(sid, nowMs());
    if (this.#authorised === sid) this.#authorised = null;
  }

  onUp(sid: number): void {
    this.#downSinceMs.delete(sid);
    if (!this.#options.keeps) this.#authorised = null;
  }

  /** A voter is synchronised with the other one. */
  onSynced(): void {
    this.#authorised = null;
    this.#behind = null;
  }

  authorises(sid: number): boolean {
    const { voters, nowMs, noticeMs, isCurrent } = this.#options;
    if (this.#authorised === sid) return true;
    const [other] = voters.filter(each => each !== sid);
    const sinceMs = other === undefined ? undefined : this.#downSinceMs.get(other);
    const isDead = sinceMs !== undefined && nowMs() - sinceMs >= noticeMs;
    if (this.#downSinceMs.has(sid) || !isDead || sid === this.#behind || !isCurrent(sid)) return false;
    this.#authorised = sid;
    this.#behind = other ?? null;
    return true;
  }
}
