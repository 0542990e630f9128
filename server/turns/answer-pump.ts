import type { Guard } from '../metrics/guard.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { Pause } from './live.ts';
import type { TurnBudget } from './turn-budget.ts';
import type { TurnQueue, TurnWorker } from './turn-queue.ts';

/** Writing starts at this many characters or at the end: most answers are shorter and leave as one piece. */
const FIRST_PIECE_CHARS = 64 * 1024;
/** Later pieces are small, so that other work gets its share of the turn. */
const PIECE_CHARS = 8 * 1024;
/** Cost of a small piece or a pause: a line, a member of a set, a check of a file. */
const UNITS_EACH = 1;
/**
 * Limit on long answers under way, those of more than the first piece. Each holds at most what its connection
 * may hold.
 */
export const ANSWERS_MAX = 32;
/**
 * When there are too many, a reader that has read nothing for this long, in ms, makes room for another one.
 */
export const PATIENCE_MS = 5_000;

export const TOO_MANY_ANSWERS = `${ANSWERS_MAX} long answers are under way, and no more are made at a time: ask again later`;

/** Where an answer goes. */
export interface AnswerSink {
  /** False: the reader does not keep up; `Answer.drained` follows when it has. */
  write(text: string): boolean;
  /** The answer is complete. */
  end(): void;
  /** The answer ends early, and the reader must be able to tell: it may have nothing or a part. */
  fail(reason: string): void;
  /** There is no answer: nothing was written and nothing will be. */
  refuse(reason: string): void;
}

export type Pieces = Iterator<string | Pause>;

/**
 * Makes answers while they are sent. Those of four-letter words and of AdminServer share the turns of the
 * loop with the requests of clients, and a slow reader has no more waiting for it than its connection holds.
 */
export class AnswerPump {
  readonly #turns: TurnQueue;
  readonly #clock: Clock;
  readonly #guard: Guard;
  /** Answers that are longer than one piece. */
  readonly #long = new Set<Answer>();

  constructor(parts: { readonly turns: TurnQueue; readonly clock: Clock; readonly guard: Guard }) {
    this.#turns = parts.turns;
    this.#clock = parts.clock;
    this.#guard = parts.guard;
  }

  /**
   * `what` names the answer in the log. A short answer is written before this returns, unless this turn has
   * no time left.
   */
  answer(what: string, pieces: Pieces, sink: AnswerSink): Answer {
    const answer = new Answer(what, pieces, sink, this.#host);
    this.#turns.arrived(answer, this.#clock.monotonicMs());
    return answer;
  }

  get underWay(): number {
    return this.#long.size;
  }

  /** Tells every reader that no more follows. */
  close(): void {
    for (const answer of [...this.#long]) answer.cut('the server stops');
  }

  /** The answer that has waited longest for its reader, if that is too long. */
  #slowest(): Answer | null {
    let slowest: Answer | null = null;
    let sinceMs = this.#clock.monotonicMs() - PATIENCE_MS;
    for (const answer of this.#long) {
      if (answer.waitsSinceMs > sinceMs) continue;
      slowest = answer;
      sinceMs = answer.waitsSinceMs;
    }
    return slowest;
  }

  readonly #host: AnswerHost = {
    failed: (what, error) => this.#guard.failed(what, error),
    admit: answer => {
      if (this.#long.has(answer)) return true;
      if (this.#long.size >= ANSWERS_MAX) {
        const slowest = this.#slowest();
        if (slowest === null) return false;
        slowest.cut('it waits for a reader that does not keep up, and other answers need the room');
      }
      this.#long.add(answer);
      return true;
    },
    wake: answer => this.#turns.wake(answer),
    nowMs: () => this.#clock.monotonicMs(),
    ended: answer => void this.#long.delete(answer),
  };
}

/** The part of the pump that an answer uses. */
interface AnswerHost {
  failed(what: string, error: unknown): void;
  /** False when too many long answers are under way. */
  admit(answer: Answer): boolean;
  wake(answer: Answer): void;
  nowMs(): number;
  ended(answer: Answer): void;
}

export class Answer implements TurnWorker {
  readonly #what: string;
  readonly #pieces: Pieces;
  readonly #sink: AnswerSink;
  readonly #host: AnswerHost;
  /** Text that is made and not yet written. */
  #text = '';
  #pieceChars = FIRST_PIECE_CHARS;
  /** Monotonic ms since which it waits for its reader; infinite while it does not. */
  #waitsSinceMs = Number.POSITIVE_INFINITY;
  #ended = false;
  turnTag = 0;
  inLine = false;

  constructor(what: string, pieces: Pieces, sink: AnswerSink, host: AnswerHost) {
    this.#what = what;
    this.#pieces = pieces;
    this.#sink = sink;
    this.#host = host;
  }

  get waitsSinceMs(): number {
    return this.#waitsSinceMs;
  }

  /** The reader has taken everything sent so far. */
  drained(): void {
    if (this.#ended || this.#waitsSinceMs === Number.POSITIVE_INFINITY) return;
    this.#waitsSinceMs = Number.POSITIVE_INFINITY;
    this.#host.wake(this);
  }

  /** The reader is gone. */
  readerGone(): void {
    this.#end();
  }

  cut(reason: string): void {
    if (this.#end()) this.#sink.fail(`the answer to ${this.#what} is cut short: ${reason}`);
  }

  lined(): void {}

  work(budget: TurnBudget): boolean {
    while (this.#goesOn) {
      this.#take(budget);
      if (budget.sliceIsOver) return this.#goesOn;
    }
    return false;
  }

  get #goesOn(): boolean {
    return !this.#ended && this.#waitsSinceMs === Number.POSITIVE_INFINITY;
  }

  /** Takes one small piece. */
  #take(budget: TurnBudget): void {
    let next: IteratorResult<string | Pause>;
    try {
      next = this.#pieces.next();
    } catch (error) {
      this.#host.failed(this.#what, error);
      if (this.#end()) this.#sink.fail(`${this.#what} failed (ZK_GUARD), and the log of the server says why`);
      return;
    }
    budget.spend(UNITS_EACH);
    if (next.done === true) {
      this.#finish();
      return;
    }
    this.#text += next.value ?? '';
    if (this.#text.length >= this.#pieceChars) this.#write();
  }

  #write(): void {
    if (!this.#host.admit(this)) {
      if (this.#end()) this.#sink.refuse(TOO_MANY_ANSWERS);
      return;
    }
    const text = this.#text;
    this.#text = '';
    this.#pieceChars = PIECE_CHARS;
    // Set before the write, because the reader may report during it that it has caught up.
    this.#waitsSinceMs = this.#host.nowMs();
    if (this.#sink.write(text)) this.#waitsSinceMs = Number.POSITIVE_INFINITY;
  }

  #finish(): void {
    if (!this.#end()) return;
    if (this.#text !== '') this.#sink.write(this.#text);
    this.#sink.end();
  }

  /** False when it had already ended. */
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#host.ended(this);
    // Closes what the pieces hold open, such as a directory.
    this.#pieces.return?.();
    return true;
  }
}
