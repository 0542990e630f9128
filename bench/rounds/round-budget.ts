/**
 * Decides whether there is time for another round. The minimum number is always run; more follow while the
 * budget lasts.
 */
export class RoundBudget {
  readonly #wanted: number;
  readonly #least: number;
  readonly #untilMs: number;
  readonly #elapsedMs: () => number;
  #begunMs: number;
  #longestMs = 0;
  #done = 0;

  constructor(wanted: number, least: number, untilMs: number, elapsedMs: () => number) {
    this.#wanted = wanted;
    this.#least = least;
    this.#untilMs = untilMs;
    this.#elapsedMs = elapsedMs;
    this.#begunMs = elapsedMs();
  }

  get done(): number {
    return this.#done;
  }

  /** Asked before each round, with its index. The previous round is then done. */
  goesOn(index: number): boolean {
    const nowMs = this.#elapsedMs();
    if (index > 0) this.#longestMs = Math.max(this.#longestMs, nowMs - this.#begunMs);
    this.#begunMs = nowMs;
    this.#done = index;
    if (index >= this.#wanted) return false;
    return index < this.#least || nowMs + this.#longestMs <= this.#untilMs;
  }
}
