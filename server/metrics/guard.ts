import { printable } from '../printable.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { Counter, Metrics } from './metrics.ts';

/** At most one line is logged in this time, in ms, however many reports fail. The counter has all of them. */
const LOG_INTERVAL_MS = 10_000;

/**
 * Guards code that only reports on the server: four-letter words, commands of AdminServer, metrics, and
 * timers that only check. A failure there is a bug, but no reason to end a server that keeps its guarantees.
 * The guard counts and logs it (ZK_GUARD), and the report has less in it. Never guard a write, a commit or a
 * timer of the protocol: an error there leaves a step half done and must end the process.
 *
 * These timers are guarded: the check of each client connection, the purge, and the search for empty
 * containers. These are not: the expiry of sessions and the deletion of containers, which propose
 * transactions; and the half ticks of leader, learner and observer master, elections and everything that
 * synchronises a learner, because the protocol depends on their order.
 */
export class Guard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #failures: Counter;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** Failures since the last log line. */
  #untold = 0;

  constructor(parts: { readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics }) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#failures = parts.metrics.counter('guarded_failure_count');
  }

  /** Returns the result of `look`, or `otherwise` when it throws. `what` names the report, as a noun. */
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
