/** Interleaved rounds. Each round contains every turn once, in an order that cancels steady trends. */

import type { EventSink } from '../../results/events.ts';
import type { Recorder } from '../measure/recorder.ts';
import { RoundBudget } from './round-budget.ts';
import { turnOrder } from './turn-order.ts';

export interface InterleavingOptions {
  readonly recorder: Recorder;
  /** Seed of the order of turns. */
  readonly seed: number;
  readonly budgetMs: number;
  /** Ms since the run began; the budget counts in it. */
  readonly elapsedMs: () => number;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** The measurements of a round that belong together: of one topology. */
export interface Turn {
  measure(round: number): Promise<void>;
  /**
   * False: the turn waits until the others have had theirs in this round. @default it can always be measured
   */
  ready?(): boolean;
}

export interface Wanted {
  readonly rounds: number;
  /** At least this many rounds are measured, even when the time is up. */
  readonly roundsMin: number;
  /** The share of the time budget by whose end the rounds must be done. */
  readonly share: number;
}

export class Interleaving {
  readonly #options: InterleavingOptions;
  /** `3 of 12 rounds of writes` */
  readonly #done: string[] = [];

  constructor(options: InterleavingOptions) {
    this.#options = options;
  }

  /** In words; undefined before the first round is complete. */
  get done(): string | undefined {
    return this.#done.length === 0 ? undefined : this.#done.join(', ');
  }

  /** @throws the reason of the signal. The round that the signal cut short is dropped. */
  async rounds(what: string, wanted: Wanted, turns: readonly Turn[]): Promise<void> {
    await this.repeat(what, wanted, round => this.take(turns, round));
  }

  /**
   * The same for rounds of any form, each of which may take many turns.
   * @throws the reason of the signal. The round that the signal cut short is dropped.
   */
  async repeat(
    what: string,
    { rounds, roundsMin, share }: Wanted,
    body: (round: number) => Promise<void>,
  ): Promise<void> {
    const { budgetMs, elapsedMs, events, recorder, signal } = this.#options;
    const budget = new RoundBudget(rounds, Math.min(rounds, roundsMin), budgetMs * share, elapsedMs);
    const at = this.#done.length;
    for (let round = 0; budget.goesOn(round); round++) {
      events.emit({ kind: 'round', experiment: what, round, of: rounds });
      try {
        await body(round);
      } catch (error) {
        if (signal.aborted) recorder.dropUnfinished();
        throw error;
      }
      recorder.keep();
      this.#done[at] = `${round + 1} of ${rounds} rounds of ${what}`;
    }
    if (budget.done < rounds)
      recorder.remarks.push(
        `Only ${budget.done} of ${rounds} rounds of ${what} were measured, because the time was up.`,
      );
  }

  /** Takes every turn once, in the order of this round. */
  async take(turns: readonly Turn[], round: number): Promise<void> {
    const { signal, seed } = this.#options;
    const late: Turn[] = [];
    for (const turn of turnOrder(turns, round, seed)) {
      signal.throwIfAborted();
      if (turn.ready?.() === false) late.push(turn);
      else await turn.measure(round);
    }
    for (const turn of late) await turn.measure(round);
    signal.throwIfAborted();
  }
}
