import type { Clock, Timer } from '../../runtime/runtime.ts';

/** What a connection can do to find out whether its learner is there. */
export interface Probed {
  /**
   * Sends a PING with this mark in the place of a zxid; a learner that is there sends it back. False while it
   * could not answer one.
   */
  ping(mark: number): boolean;
  /**
   * For a learner that cannot be pinged: whether it has made progress since the monotonic time `ms`, or is
   * not expected to.
   */
  hasMovedSince(ms: number): boolean;
}

/** Marks are below every zxid that a PING carries. */
const FIRST_MARK = -1000;

interface Question {
  readonly mark: number;
  readonly askedMs: number;
  readonly timer: Timer;
  readonly waiting: ((isThere: boolean) => void)[];
}

/**
 * Asks whether the learner behind a connection is there. Every learner sends back the zxid of a PING, so the
 * answer to a marked PING proves it: neither bytes that were on their way before nor other PINGs have the
 * mark.
 */
export class LearnerProbe {
  readonly #clock: Clock;
  readonly #probed: Probed;
  #question: Question | null = null;
  #asked = 0;

  constructor(clock: Clock, probed: Probed) {
    this.#clock = clock;
    this.#probed = probed;
  }

  /** Calls `done` once, after at most `withinMs`. Callers that ask meanwhile share the answer. */
  ask(withinMs: number, done: (isThere: boolean) => void): void {
    if (this.#question !== null) {
      this.#question.waiting.push(done);
      return;
    }
    const mark = FIRST_MARK - this.#asked++;
    const askedMs = this.#clock.monotonicMs();
    const canAnswer = this.#probed.ping(mark);
    const timer = this.#clock.after(withinMs, () =>
      this.#settle(!canAnswer && this.#probed.hasMovedSince(askedMs)),
    );
    this.#question = { mark, askedMs, timer, waiting: [done] };
  }

  /** A PING came back. */
  heard(mark: number): void {
    if (mark === this.#question?.mark) this.#settle(true);
  }

  /** The connection is gone. */
  close(): void {
    this.#settle(false);
  }

  #settle(isThere: boolean): void {
    const question = this.#question;
    if (question === null) return;
    this.#question = null;
    question.timer.cancel();
    for (const done of question.waiting) done(isThere);
  }
}
