import type { Clock } from '../runtime/runtime.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { Units } from '../turns/turn-budget.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import type { Readers } from '../zab/peer-context.ts';

/**
 * Bytes per unit of work when a transaction is read from the log and applied: it may be a multi of many small
 * parts.
 */
const CATCH_UP_BYTES_PER_UNIT = 16;

export interface CatchUpParts {
  readonly database: ZkDatabase;
  readonly clock: Clock;
  readonly turns: TurnQueue;
  readonly readers: Readers;
}

/**
 * Applies what the log holds and memory does not: between the end of a role and the next election, and when
 * an observer has held back a sync from its readers. It may take several turns, in which this server still
 * answers other members.
 */
export class CatchUp {
  readonly #parts: CatchUpParts;
  readonly #steps: Generator<number, number>;
  /** Called at the end, with the number of transactions that were applied. */
  readonly #done: (count: number) => void;
  #stopped = false;

  constructor(parts: CatchUpParts, done: (count: number) => void) {
    this.#parts = parts;
    this.#done = done;
    const { database, readers } = parts;
    this.#steps = database.fastForwarding(database.lastLoggedZxid, packet => readers.apply(packet));
  }

  start(): void {
    if (this.#stopped) return;
    const { clock, turns, readers } = this.#parts;
    const { applying } = turns;
    applying.saw(clock.monotonicMs());
    while (readers.mayApply) {
      const step = this.#steps.next();
      if (step.done === true) {
        this.#done(step.value);
        return;
      }
      applying.spend(Units.write + step.value / CATCH_UP_BYTES_PER_UNIT);
      if (!applying.hasRoom()) break;
    }
    clock.inNextTurn(() => this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#steps.return(0);
  }
}
