import { printable } from '../printable.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { Counter, Metrics } from './metrics.ts';

/** One line in this time, however many looks fail; the counter has all of them. */
const LOG_INTERVAL_MS = 10_000;

/**
 * Guards code that only reports on the server: four-letter words, commands of AdminServer, metrics, timers
 * that look. A failure there is a bug, but no reason to end a server that keeps its promises. It is counted
 * and logged (ZK_GUARD), and the report has less in it. Never guard a write, a commit or a timer of the
 * protocol: an error there leaves a step half done and must end the process.
 *
 * Of the timers these are guarded: the check of each client connection, the purge, the look for empty
 * containers. These are not: the expiry of sessions and the deletion of containers, which propose
 * transactions; the half ticks of leader, learner and observer master, elections and everything that
 * synchronises a learner, on which the order of the protocol rests.
 */
export class Guard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #failures: Counter;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** Failures since the last line. */
  #untold = 0;

  constructor(parts: { readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics }) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#failures = parts.metrics.counter('guarded_failure_count');
  }

  /** What `look` gives, or `otherwise` when it throws. `what`: the thing looked at, as a noun. */
  run<T>(what: string, look: () => T, otherwise: T): T {
    try {
      return look();
    } catch (error) {
      this.failed(what, error);
      return otherwise;
    }
  }

  failed(what: string, error: unknown): void {
    this.#failures.add();
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldMs < LOG_INTERVAL_MS) {
      this.#untold++;
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    const text = `${what} failed, and the server goes on without it: ${reason}`;
    this.#logger.error(printable(text), {
      code: 'ZK_GUARD',
      failuresNotLogged: this.#untold,
      stack: error instanceof Error ? error.stack : undefined,
    });
    this.#toldMs = nowMs;
    this.#untold = 0;
  }
}
