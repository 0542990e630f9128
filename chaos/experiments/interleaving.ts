/** Interleaved rounds. Each round contains every turn once, in an order that cancels steady trends. */
import { LoadError } from '../../bench/load/load-error.ts';
import type { Recorder } from '../../bench/measure/recorder.ts';
import { EnsembleError } from '../../bench/topology/ensemble-error.ts';
import type { EventSink } from '../../results/events.ts';
import { NotHealed } from './measurements/under-fault.ts';
import { RoundBudget } from './round-budget.ts';
import type { Stage } from './stage.ts';
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

/** One measurement of a round. */
export interface Turn {
  readonly stage: Stage;
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

/** How many loads of a stage may fail to run before the stage is given up. */
const UNRUN_MAX = 3;

export class Interleaving {
  readonly #options: InterleavingOptions;
  readonly #broken = new Set<Stage>();
  readonly #unrun = new Map<Stage, number>();
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
      recorder.remarks.push(`${budget.done} of ${rounds} rounds of ${what}: the time was up.`);
  }

  /** Takes every turn once, in the order of this round. */
  async take(turns: readonly Turn[], round: number): Promise<void> {
    const late: Turn[] = [];
    for (const turn of turnOrder(turns, round, this.#options.seed)) {
      if (turn.ready?.() === false) late.push(turn);
      else await this.#take(turn, round);
    }
    for (const turn of late) if (turn.ready?.() !== false) await this.#take(turn, round);
  }

  /**
   * A stage that breaks is given up, and the others go on. A stage whose loads could not be run `UNRUN_MAX`
   * times is given up too.
   */
  async #take({ stage, measure }: Turn, round: number): Promise<void> {
    const { events, signal, recorder } = this.#options;
    signal.throwIfAborted();
    if (this.#broken.has(stage)) return;
    try {
      await measure(round);
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      const isLoad = error instanceof LoadError;
      if (!(isLoad || error instanceof NotHealed || error instanceof EnsembleError)) throw error;
      if (isLoad && this.#passesOver(stage, round, error)) return;
      this.#broken.add(stage);
      recorder.remarks.push(`${stage.name} was measured no further: ${error.message.split('\n')[0]}`);
      events.emit({ kind: 'note', text: `${stage.name} is given up: ${error.message}` });
    }
  }

  /** A load that could not be run (during an election, for example) costs its turn the rest of the round. */
  #passesOver(stage: Stage, round: number, { message }: LoadError): boolean {
    const { events, recorder } = this.#options;
    const times = (this.#unrun.get(stage) ?? 0) + 1;
    this.#unrun.set(stage, times);
    if (times > UNRUN_MAX) return false;
    recorder.remarks.push(`${stage.name} was not measured to the end of round ${round + 1}: ${message}`);
    events.emit({ kind: 'note', text: `${stage.name} misses the rest of this round: ${message}` });
    return true;
  }
}
