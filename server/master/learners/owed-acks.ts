import type { Clock } from '../../runtime/runtime.ts';

/** Proposals that one learner has been sent and has to ack. */
export class OwedAcks {
  readonly #clock: Clock;
  lastAckedZxid = 0;
  #lastSentZxid = 0;
  /** When the oldest one not yet acked was sent; 0 when all are acked. */
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  sent(zxid: number): void {
    this.#lastSentZxid = zxid;
    if (this.#sinceMs === 0) this.#sinceMs = this.#clock.monotonicMs();
  }

  acked(zxid: number, nowMs: number): void {
    this.lastAckedZxid = zxid;
    this.#sinceMs = zxid >= this.#lastSentZxid ? 0 : nowMs;
  }

  /** Held traffic has been sent only now. */
  released(): void {
    if (this.#lastSentZxid > this.lastAckedZxid) this.#sinceMs = this.#clock.monotonicMs();
  }

  areOverdue(nowMs: number, limitMs: number): boolean {
    return this.#sinceMs > 0 && nowMs - this.#sinceMs > limitMs;
  }
}
