import { ServerError } from '../errors.ts';
import type { HistoryRange } from '../storage/history/committed-history.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import type { CommitBuffer } from './commit-buffer.ts';
import type { Gap } from './plug-in-messages.ts';

/** What the stream reads of the database. */
export interface CommittedSource {
  /** The applied transactions of a range. */
  history(range: HistoryRange): {
    read(bytesMax: number, take: (packet: TxnPacket) => void): boolean;
    close(): void;
  };
  /** The zxids that the log files are named after, oldest first. */
  logStarts(): readonly number[];
}

export type Reading =
  /** `isEnd`: everything that is committed has been read. */
  | { readonly type: 'txns'; readonly packets: readonly TxnPacket[]; readonly isEnd: boolean }
  | { readonly type: 'gap'; readonly gap: Gap };

/**
 * Reads committed transactions in order from wherever they are: from the buffer if that reaches back far
 * enough, else from the committed log and the log on disk, in pieces.
 */
export class CommittedReader {
  readonly #source: CommittedSource;
  readonly #buffer: CommitBuffer;
  #history: ReturnType<CommittedSource['history']> | null = null;
  /** The last transaction that `#history` has given, and the last that it will give. */
  #last = -1;
  #through = -1;

  constructor(source: CommittedSource, buffer: CommitBuffer) {
    this.#source = source;
    this.#buffer = buffer;
  }

  /**
   * Reads about `bytesMax` behind `after`; null: a stream that has nothing yet. A piece may hold no
   * transaction although more follow it.
   * @throws ServerError ZK_DISK
   */
  read(after: number | null, bytesMax: number): Reading {
    const { floor, through } = this.#buffer;
    if (through === null) return NOTHING;
    if (after === null) return this.#readFirst(bytesMax);
    if (after >= through) return NOTHING;
    if (after < floor) return this.#readHistory({ after, through }, bytesMax);
    this.close();
    const packets = this.#buffer.takeAfter(after, bytesMax);
    return { type: 'txns', packets, isEnd: this.#buffer.floor >= through };
  }

  /** A new stream begins with what the log has, and says so unless that is everything. */
  #readFirst(bytesMax: number): Reading {
    const through = this.#reachableFrom(-1);
    return through > 0
      ? { type: 'gap', gap: { after: 0, through, reason: 'start' } }
      : this.read(through, bytesMax);
  }

  #readHistory(range: HistoryRange, bytesMax: number): Reading {
    if (this.#history === null || this.#last !== range.after) {
      this.close();
      this.#history = this.#source.history(range);
      this.#last = range.after;
      this.#through = range.through;
    }
    const packets: TxnPacket[] = [];
    try {
      const more = this.#history.read(bytesMax, packet => void packets.push(packet));
      this.#last = packets.at(-1)?.zxid ?? this.#last;
      if (more) return { type: 'txns', packets, isEnd: false };
    } catch (error) {
      this.close();
      if (!(error instanceof ServerError) || error.code !== 'ZK_LOG_GAP') throw error;
      if (packets.length > 0) return { type: 'txns', packets, isEnd: false };
      const { after } = range;
      return { type: 'gap', gap: { after, through: this.#reachableFrom(after), reason: 'lost' } };
    }
    this.close();
    // More may have been committed since this part of the history was opened.
    return { type: 'txns', packets, isEnd: packets.length === 0 && this.#through === range.through };
  }

  /**
   * The first zxid above `after` behind which all transactions can be read, judging by the names of the log
   * files. If a name is wrong, the next attempt finds the next gap.
   */
  #reachableFrom(after: number): number {
    const { floor } = this.#buffer;
    const start = this.#source.logStarts().find(zxid => zxid - 1 > after && zxid - 1 <= floor);
    return start === undefined ? floor : start - 1;
  }

  close(): void {
    this.#history?.close();
    this.#history = null;
  }
}

const NOTHING: Reading = { type: 'txns', packets: [], isEnd: true };
