import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../runtime.ts';

/** Work queued for the end of a turn may queue more; a chain longer than this is a loop. */
const TURN_ROUNDS_MAX = 1000;
/** Longest delay of a timer in Node.js, 24.8 days. It fires longer ones at once. */
export const DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * The time and the turns of Node.js's event loop. A turn ends in the check phase, after all I/O that was
 * ready.
 */
export class NodeClock implements Clock {
  #atEnd: (() => void)[] = [];
  #flushes: (() => void)[] = [];
  #nextTurn: (() => void)[] = [];
  #turns = 0;
  #flushCount = 0;
  #scheduled = false;
  readonly #runTurnEnd = () => this.#endTurn();

  get turns(): number {
    return this.#turns;
  }

  get flushes(): number {
    return this.#flushCount;
  }

  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  after(delayMs: number, run: () => void): Timer {
    if (delayMs > DELAY_MS_MAX) return this.#afterLong(delayMs, run);
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  every(intervalMs: number, run: () => void): Timer {
    if (intervalMs > DELAY_MS_MAX) return this.#everyLong(intervalMs, run);
    const timer = setInterval(run, intervalMs);
    return { cancel: () => clearInterval(timer) };
  }

  #afterLong(delayMs: number, run: () => void): Timer {
    let timer = this.after(DELAY_MS_MAX, () => {
      timer = this.after(delayMs - DELAY_MS_MAX, run);
    });
    return { cancel: () => timer.cancel() };
  }

  #everyLong(intervalMs: number, run: () => void): Timer {
    let timer: Timer;
    const next = () => {
      timer = this.after(intervalMs, () => {
        next();
        run();
      });
    };
    next();
    return { cancel: () => timer.cancel() };
  }

  atEndOfTurn(run: () => void): void {
    this.#atEnd.push(run);
    this.#schedule();
  }

  inNextTurn(run: () => void): void {
    this.#nextTurn.push(run);
    this.#schedule();
  }

  /** For the network: runs after everything of `atEndOfTurn`, so that all its output leaves in one piece. */
  flushAfterTurn(flush: () => void): void {
    this.#flushes.push(flush);
    this.#flushCount++;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#runTurnEnd);
  }

  #endTurn(): void {
    for (let round = 0; this.#atEnd.length > 0; round++) {
      if (round === TURN_ROUNDS_MAX) throw new Error('work at the end of a turn queues itself without end');
      const batch = this.#atEnd;
      this.#atEnd = [];
      for (const run of batch) run();
    }
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const flush of flushes) flush();
    this.#turns++;
    if (this.#nextTurn.length > 0) {
      this.#atEnd.push(...this.#nextTurn);
      this.#nextTurn = [];
    }
    // Reset only now: the work queued in this turn has run, and another pass of the loop would find nothing.
    this.#scheduled = false;
    if (this.#atEnd.length > 0 || this.#flushes.length > 0) this.#schedule();
  }
}
