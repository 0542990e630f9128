/** Notices while a run goes on that something ended by itself: a member, or what leads through its links. */
import { deathsSince } from '../../bench/topology/ensemble-health.ts';
import type { MeshedEnsemble } from '../meshed-ensemble.ts';
import { waitMs } from '../wait.ts';

/** With the attempts of `whyLost` this stays below 2 s from the end of something to its name. */
const POLL_MS = 500;

export class RunWatch {
  readonly #meshed: Pick<MeshedEnsemble, 'ensemble' | 'whyLost'>;
  readonly #cut = new AbortController();
  readonly #end = (): void => this.#cut.abort();
  readonly #forget: () => void;
  readonly #watching: Promise<void>;
  #ended: readonly string[] = [];
  #lost: string | undefined;

  /**
   * @param told hears once, in words, what ended
   * @param signal ends the run from outside
   */
  constructor(
    meshed: Pick<MeshedEnsemble, 'ensemble' | 'whyLost'>,
    told: (text: string) => void,
    signal: AbortSignal,
  ) {
    this.#meshed = meshed;
    signal.addEventListener('abort', this.#end);
    this.#forget = () => signal.removeEventListener('abort', this.#end);
    this.#watching = this.#watch(told);
  }

  /** Aborted when something ended, or the run was ended: no more faults are injected. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  /** Members that ended by themselves, in words. */
  get ended(): readonly string[] {
    return this.#ended;
  }

  /** Why the links work no more; undefined while they do. */
  get lost(): string | undefined {
    return this.#lost;
  }

  async stop(): Promise<void> {
    this.#forget();
    this.#end();
    await this.#watching;
  }

  async #watch(told: (text: string) => void): Promise<void> {
    const { ensemble } = this.#meshed;
    for (;;) {
      await waitMs(POLL_MS, this.cut);
      if (this.cut.aborted) return;
      [this.#ended, this.#lost] = await Promise.all([deathsSince(ensemble, 0), this.#meshed.whyLost()]);
      const all = [...this.#ended, ...(this.#lost === undefined ? [] : [this.#lost])];
      if (all.length === 0) continue;
      for (const text of all) told(text);
      this.#end();
    }
  }
}
