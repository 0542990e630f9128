import type { ServerConfig } from '../config/server-config.ts';

interface Waiting {
  readonly stage: 'connect' | 'sync' | 'broadcast' | 'ended';
  /** This server's own disk or backlog keeps it from reading, so nothing can be said of the master. */
  readonly isHeldUp: boolean;
  /** True when this learner has acked NEWLEADER, and waits for UPTODATE. */
  readonly awaitsUpToDate: boolean;
}

/** How long a learner waits for its master. All times are monotonic ms. */
export class Patience {
  readonly #initLimitMs: number;
  readonly #syncLimitMs: number;
  /** When the master was last heard. It also moves on while this server itself does not read. */
  #lastHeardMs: number;
  /** When UPTODATE became due. */
  #upToDateDueMs: number;

  constructor(config: Pick<ServerConfig, 'initLimitMs' | 'syncLimitMs'>, nowMs: number) {
    this.#initLimitMs = config.initLimitMs;
    this.#syncLimitMs = config.syncLimitMs;
    this.#lastHeardMs = nowMs;
    this.#upToDateDueMs = nowMs;
  }

  heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
  }

  /**
   * Why the learner should leave its master now, or null.
   *
   * A master that never says UPTODATE goes on with pings and live traffic, so silence is not all there is to
   * wait for. It may wait for a quorum for initLimit, and upstream's closes a learner that does not answer
   * UPTODATE within syncLimit.
   */
  reasonToLeave(nowMs: number, { stage, isHeldUp, awaitsUpToDate }: Waiting): string | null {
    if (isHeldUp) this.#lastHeardMs = nowMs;
    if (isHeldUp || !awaitsUpToDate) this.#upToDateDueMs = nowMs;
    const limitMs = stage === 'broadcast' ? this.#syncLimitMs : this.#initLimitMs;
    if (nowMs - this.#lastHeardMs > limitMs)
      return `nothing heard from the ${stage === 'connect' ? 'network' : 'master'} for ${limitMs} ms`;
    const upToDateMs = this.#initLimitMs + this.#syncLimitMs;
    if (nowMs - this.#upToDateDueMs > upToDateMs)
      return `no UPTODATE within ${upToDateMs} ms of the ACK of NEWLEADER`;
    return null;
  }
}
