/** Interleaved rounds: every topology once before any a second time, beginning with another one each round. */
import { EnsembleError } from '../../bench/topology/ensemble-error.ts';
import { NotHealed } from './measurements/under-fault.ts';
import type { Progress } from './progress.ts';
import { RoundBudget } from './round-budget.ts';
import type { Stage } from './stage.ts';

export interface InterleavingOptions {
  readonly stages: readonly Stage[];
  readonly budgetMs: number;
  /** Ms since the run began, for the budget. */
  readonly elapsedMs: () => number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Wanted {
  readonly rounds: number;
  /** As many are done even when the time is up. */
  readonly roundsMin: number;
  /** Of the budget, by which they must be done. */
  readonly share: number;
}

export class Interleaving {
  /** What a reader must know of how it went. */
  readonly remarks: string[] = [];
  readonly #options: InterleavingOptions;
  readonly #broken = new Set<Stage>();

  constructor(options: InterleavingOptions) {
    this.#options = options;
  }

  async rounds(
    what: string,
    { rounds, roundsMin, share }: Wanted,
    measure: (round: number) => Promise<void>,
  ): Promise<void> {
    const { budgetMs, elapsedMs, progress } = this.#options;
    const budget = new RoundBudget(rounds, Math.min(rounds, roundsMin), budgetMs * share, elapsedMs);
    for (let round = 0; budget.goesOn(round); round++) {
      progress.note(`${what}: round ${round + 1} of ${rounds}`);
      await measure(round);
    }
    if (budget.done < rounds)
      this.remarks.push(`${budget.done} of ${rounds} rounds of ${what}: the time was up.`);
  }

  /** A stage that breaks is given up, and the others go on. */
  async eachStage(round: number, measure: (stage: Stage) => Promise<void>): Promise<void> {
    const { stages, progress, signal } = this.#options;
    for (const stage of rotated(stages, round)) {
      signal.throwIfAborted();
      if (this.#broken.has(stage)) continue;
      try {
        await measure(stage);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof NotHealed || error instanceof EnsembleError)) throw error;
        this.#broken.add(stage);
        this.remarks.push(`${stage.name} was measured no further: ${error.message.split('\n')[0]}`);
        progress.note(`${stage.name} is given up: ${error.message}`);
      }
    }
  }
}

function rotated<T>(items: readonly T[], by: number): T[] {
  return items.map((_, index) => items[(index + by) % items.length]!);
}
