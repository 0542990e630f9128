import type { Clock } from '../runtime/runtime.ts';
import { LEAST_SLICE_MS, TURN_UNITS, TurnBudget } from './turn-budget.ts';

/**
 * Whoever has work that may be longer than a turn: a client connection with requests that wait, or what a
 * server has to clear away.
 */
export interface TurnWorker {
  /** Where its next slice stands among those of others, ms of service. The queue's own; 0 at first. */
  turnTag: number;
  /** It has its place in the line. The queue's own. */
  inLine: boolean;
  /**
   * Does at least one piece of its work, and more until the slice is over. True when there is more that could
   * be done now; false when all is done, or when it waits for something else: then it comes back by itself.
   */
  work(budget: TurnBudget): boolean;
  /** It was put into the line: it is called later. */
  lined(): void;
}

/**
 * Divides the turns of the event loop among those who have work. Input is worked on as soon as it comes; when
 * that would take more than a turn's budget, the rest goes on in later turns, with a look at all sockets in
 * between.
 *
 * Who waits is served in the order of start tags (start-time fair queueing): a worker's next slice begins
 * where its last one ended, in ms of service, but never before those being served now. So somebody who asks
 * for little, or for the first time, goes before all who have asked for much, however many they are, and
 * nobody waits for ever.
 */
export class TurnQueue {
  readonly budget: TurnBudget;
  /**
   * Of what is committed and applied: writes get on however much is read, and reads however much is written.
   */
  readonly applying: TurnBudget;
  /** Of telling many watchers of what was applied. */
  readonly telling: TurnBudget;
  readonly #clock: Clock;
  /** By tag, the next one last; among equals the one that came first is nearer to the end. */
  readonly #line: TurnWorker[] = [];
  /** The start tag of the slice served last. */
  #servedTag = 0;
  #served: TurnWorker | null = null;
  #servedAgain = false;
  #pumpDue = false;
  readonly #pumpNow = () => this.#pump();

  /** `unitsMax`: see `TurnBudget`. */
  constructor(clock: Clock, unitsMax = TURN_UNITS) {
    this.#clock = clock;
    this.budget = new TurnBudget(clock, unitsMax);
    this.applying = new TurnBudget(clock, unitsMax);
    this.telling = new TurnBudget(clock, unitsMax);
  }

  /** Workers in the line. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Input for `worker` has come: it is worked on at once, unless the turn is over or somebody in the line
   * comes first.
   */
  arrived(worker: TurnWorker, nowMs: number): void {
    if (worker.inLine) return;
    this.budget.saw(nowMs);
    if (this.budget.turnIsOver || this.#othersComeFirst(worker)) this.#enter(worker);
    else this.#serve(worker, nowMs);
  }

  /** The least of slices makes no difference: those who wait have not had theirs for other reasons. */
  #othersComeFirst(worker: TurnWorker): boolean {
    const first = this.#line.at(-1);
    return first !== undefined && first.turnTag + LEAST_SLICE_MS < this.#startTagOf(worker);
  }

  /**
   * Something that `worker` waited for has come, inside of somebody else's work: it is called at the end of
   * this turn or later.
   */
  wake(worker: TurnWorker): void {
    if (worker === this.#served) this.#servedAgain = true;
    else if (!worker.inLine) this.#enter(worker);
  }

  #startTagOf(worker: TurnWorker): number {
    return Math.max(worker.turnTag, this.#servedTag);
  }

  #serve(worker: TurnWorker, nowMs: number): void {
    const tag = this.#startTagOf(worker);
    this.#servedTag = tag;
    this.#served = worker;
    this.#servedAgain = false;
    this.budget.beginSlice(nowMs, this.#line.length);
    const hasMore = worker.work(this.budget);
    this.#served = null;
    worker.turnTag = tag + this.budget.sliceMs;
    if (hasMore || this.#servedAgain) this.#enter(worker);
  }

  #enter(worker: TurnWorker): void {
    const tag = this.#startTagOf(worker);
    worker.turnTag = tag;
    worker.inLine = true;
    this.#line.splice(this.#placeOf(tag), 0, worker);
    worker.lined();
    if (this.#pumpDue) return;
    this.#pumpDue = true;
    if (this.budget.turnIsOver) this.#clock.inNextTurn(this.#pumpNow);
    else this.#clock.atEndOfTurn(this.#pumpNow);
  }

  /** In front of all whose tag is not larger. */
  #placeOf(tag: number): number {
    let from = 0;
    let to = this.#line.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#line[middle]!.turnTag > tag) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #pump(): void {
    do {
      const worker = this.#line.pop();
      if (worker === undefined) break;
      worker.inLine = false;
      this.#serve(worker, this.#clock.monotonicMs());
    } while (!this.budget.turnIsOver);
    this.#pumpDue = this.#line.length > 0;
    if (this.#pumpDue) this.#clock.inNextTurn(this.#pumpNow);
  }
}
