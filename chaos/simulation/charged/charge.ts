/** Charges a member for its work: each turn takes as long as what was done in it costs. */
import type { Costs } from '../../../bench/prediction/cost-model.ts';
import { WORK_KINDS, type Work } from '../../../bench/prediction/work.ts';

export class Charge {
  readonly #costs: Costs;
  readonly #cores: number;
  readonly #read: () => Work;
  #before: Work | undefined;
  /** CPU that was charged so far. */
  usedMs = 0;

  /**
   * @param cores of the one thread: with half a core, a turn takes twice as long
   * @param read the work since the start
   */
  constructor(costs: Costs, cores: number, read: () => Work) {
    this.#costs = costs;
    this.#cores = cores;
    this.#read = read;
  }

  /** How long the turn takes that has just been done. */
  turnMs(): number {
    const now = this.#read();
    const before = this.#before;
    this.#before = now;
    if (before === undefined) return 0;
    let us = 0;
    for (const kind of WORK_KINDS) us += (now[kind] - before[kind]) * this.#costs[kind];
    this.usedMs += us / 1000;
    return us / 1000 / this.#cores;
  }
}
