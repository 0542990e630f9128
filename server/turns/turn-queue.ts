import type { Clock } from '../runtime/runtime.ts';
import { LEAST_SLICE_MS, TURN_UNITS, TurnBudget } from './turn-budget.ts';

/**
 * A worker whose work may be longer than a turn: a client connection with waiting requests, or a server's
 * cleanup.
 */
export interface TurnWorker {
  /** Start tag of its next slice, in ms of service. Belongs to the queue; 0 at first. */
  turnTag: number;
  /** True while it is in the queue. Belongs to the queue. */
  inLine: boolean;
  /**
   * Does at least one piece of its work, and more until the slice is over. True when more could be done now.
   * False when all is done, or when it waits for something else and will return by itself.
   */
  work(budget: TurnBudget): boolean;
  /** The worker was queued and will be called later. */
  lined(): void;
}

/**
 * Divides the turns of the event loop among workers. Input is processed on arrival. When that would exceed
 * the turn's budget, the rest continues in later turns, and the loop polls all sockets in between.
 *
 * Waiting workers are served in the order of start tags (start-time fair queueing): a worker's next slice
 * begins where its last one ended, in ms of service, but never before the slice served now. So a worker that
 * asks for little, or for the first time, goes before all that have asked for much, however many they are,
 * and nobody waits forever.
 */
export class TurnQueue {
  readonly budget: TurnBudget;
  /**
   * Budget for applying committed transactions. It is separate, so writes progress however much is read, and
   * reads however much is written.
   */
  readonly applying: TurnBudget;
  /** Budget for sending events to many watchers. */
  readonly telling: TurnBudget;
  readonly #clock: Clock;
  /** Waiting workers by tag, the next one last; of equal tags, the earlier arrival is nearer to the end. */
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

  /** Number of waiting workers. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Input for `worker` has arrived. It is processed at once, unless the turn is over or a waiting worker
   * comes first.
   */
  arrived(worker: TurnWorker, nowMs: number): void {
    if (worker.inLine) return;
    this.budget.saw(nowMs);
    if (this.budget.turnIsOver || this.#othersComeFirst(worker)) this.#enter(worker);
    else this.#serve(worker, nowMs);
  }

  /** Differences below the smallest slice do not count: those workers wait for other reasons. */
  #othersComeFirst(worker: TurnWorker): boolean {
    const first = this.#line.at(-1);
    return first !== undefined && first.turnTag + LEAST_SLICE_MS < this.#startTagOf(worker);
  }

  /**
   * Something that `worker` waited for has happened during another worker's work. It is called at the end of
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

  /** The position in front of all workers whose tag is not larger. */
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
