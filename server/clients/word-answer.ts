import type { ServerStats } from '../metrics/server-stats.ts';
import type { Connection } from '../runtime/runtime.ts';
import type { Answer, AnswerPump, AnswerSink } from '../turns/answer-pump.ts';
import type { Pause } from '../turns/live.ts';
import type { ConnectionStats } from './connection-stats.ts';

/**
 * The text of an answer in small pieces, an empty one or none being a pause: some are as long as the server
 * is busy.
 */
export type AnswerPieces = Iterable<string | Pause>;

/**
 * A connection that asked a word is there for its answer alone: one that takes nothing of it for this long is
 * cut off.
 */
export const WORD_IDLE_MS = 30_000;

/** What upstream's writer buffers, and counts as a packet. */
const PACKET_CHARS = 8192;

/**
 * The answer to a four-letter word on its way to the client. What the client sends meanwhile is not looked
 * at.
 */
export class WordAnswer implements AnswerSink {
  readonly #connection: Connection;
  readonly #stats: readonly ServerStats[];
  readonly #answer: Answer;

  /** `totals`: of the server, while one serves. */
  constructor(
    word: string,
    pieces: AnswerPieces,
    to: {
      readonly connection: Connection;
      readonly stats: ConnectionStats;
      readonly totals: ServerStats | null;
    },
    pump: AnswerPump,
  ) {
    this.#connection = to.connection;
    this.#stats = to.totals === null ? [to.stats] : [to.stats, to.totals];
    for (const stats of this.#stats) stats.received(word.length);
    this.#connection.limitIdle(WORD_IDLE_MS);
    this.#answer = pump.answer(`the four-letter word ${word}`, pieces[Symbol.iterator](), this);
  }

  write(text: string): boolean {
    for (const stats of this.#stats) stats.packetsSent += Math.ceil(text.length / PACKET_CHARS);
    return this.#connection.write(Buffer.from(text, 'utf8'));
  }

  end(): void {
    this.#connection.end();
  }

  /** A last line for who has read everything before it. */
  fail(reason: string): void {
    this.write(`${reason}.\n`);
    this.#connection.end();
  }

  refuse(reason: string): void {
    this.fail(reason);
  }

  drained(): void {
    this.#answer.drained();
  }

  readerGone(): void {
    this.#answer.readerGone();
  }
}
