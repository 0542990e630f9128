import type { Clock, Timer } from '../runtime/runtime.ts';

/** What a connection can do to find out whether its learner is there. */
export interface Probed {
  /**
   * Sends a PING with this in the place of a zxid; whoever is there sends it back. False while it could not
   * answer one.
   */
  ping(mark: number): boolean;
  /** Of a learner that cannot be pinged: it has moved on since, ms of the clock, or is not expected to. */
  hasMovedSince(ms: number): boolean;
}

/** Marks are below every zxid that a PING has. */
const FIRST_MARK = -1000;

interface Question {
  readonly mark: number;
  readonly askedMs: number;
  readonly timer: Timer;
  readonly waiting: ((isThere: boolean) => void)[];
}

/**
 * Asks whether the learner behind a connection is there. The answer to a PING of its own proves it: bytes
 * that were on their way before, and every other PING, do not have its mark. All learners send back the zxid
 * that a PING had.
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

  /** `done` is called once, `withinMs` at the latest. Who asks meanwhile shares the answer. */
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
