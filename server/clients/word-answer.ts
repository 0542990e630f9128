import type { ServerStats } from '../metrics/server-stats.ts';
import type { Connection } from '../runtime/runtime.ts';
import type { Answer, AnswerPump, AnswerSink } from '../turns/answer-pump.ts';
import type { Pause } from '../turns/live.ts';
import type { ConnectionStats } from './connection-stats.ts';

/**
 * The text of an answer in small pieces. An empty piece, or a pause, yields the turn: some answers take as
 * long as the server is busy.
 */
export type AnswerPieces = Iterable<string | Pause>;

/**
 * A connection that sent a word exists only for its answer. If it reads nothing for this long, it is cut off.
 */
const WORD_IDLE_MS = 30_000;

/** Size of the buffer of upstream's writer. Each buffer counts as one packet. */
const PACKET_CHARS = 8192;

/**
 * The answer to a four-letter word on its way to the client. The server ignores what the client sends
 * meanwhile.
 */
export class WordAnswer implements AnswerSink {
  readonly #connection: Connection;
  readonly #stats: readonly ServerStats[];
  readonly #answer: Answer;

  /** `totals`: statistics of the server, while one serves. */
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

  /** Writes a last line, for a person who has read everything before it. */
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
