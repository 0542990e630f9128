/** What a fault goes on doing while it is in force, until it is healed. */
export class Background {
  readonly #end = new AbortController();
  readonly #steps: Promise<void>;
  #failure: Error | undefined;

  /** @param steps returns soon after the signal, which also ends its pauses */
  constructor(steps: (signal: AbortSignal) => Promise<void>) {
    this.#steps = steps(this.#end.signal).catch((error: Error) => {
      this.#failure = error;
    });
  }

  /** Why it ended before its time; undefined while it goes on. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Settles when all steps are taken, or one failed. */
  get done(): Promise<void> {
    return this.#steps;
  }

  /** Settles when no step is under way. */
  async end(): Promise<void> {
    this.#end.abort();
    await this.#steps;
  }
}
