import { ServerError } from '../../errors.ts';
import type { Logger } from '../../runtime/logging/logger.ts';
import type { Disk } from '../../runtime/runtime.ts';
import type { JuteLimits } from '../../wire/jute-limits.ts';
import { follows, zxidToHex } from '../../wire/zxid.ts';
import { corruptLog, type LogEntry, LogFileReader, type LogTail } from './log-file-reader.ts';
import { type LogFileName, listLogFiles } from './log-format.ts';

export interface TxnLogSource {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly directory: string;
  readonly jute: JuteLimits;
}

/**
 * An entry that claims to be longer than this, and longer than this server writes, was not torn: its length
 * is damaged.
 */
const TORN_BYTES_MIN = 64 * 1024 * 1024;

/**
 * Reads the transactions after a zxid from all log files, in order and without holes, for replay and TRUNC.
 *
 * Each must follow the one before, across files too, so a file that somebody removed is noticed ("missing log
 * file"). A file may end in a torn entry when the next file continues with the very next zxid, for then
 * nothing acknowledged was torn. In the last file recovery cuts such an entry. A last entry that was whole
 * once and is damaged now is never cut.
 *
 * Continuity cannot show transactions missing at the end of an epoch when the next file starts a later epoch,
 * since epochs may end anywhere.
 */
export class TxnLogReader {
  /** Set when the logs end in a torn entry: recovery cuts the file there. */
  tail: LogTail | undefined;
  readonly #disk: Disk;
  readonly #logger: Logger;
  readonly #files: LogFileName[];
  #next: number;
  #reader: LogFileReader | null = null;
  #last: number;
  #lastPath: string;
  readonly #tornBytesMax: number;

  /**
   * Yields entries with zxid > `after`; the first must follow it.
   * `source` names the origin of `after`, such as a snapshot, for the message about a gap.
   */
  constructor({ disk, directory, logger, jute }: TxnLogSource, after: number, source: string) {
    this.#tornBytesMax = Math.max(jute.txnBytesMax, TORN_BYTES_MIN);
    this.#disk = disk;
    this.#logger = logger;
    this.#files = listLogFiles(disk, directory);
    this.#last = after;
    this.#lastPath = source;
    this.#next = firstFileFor(disk, this.#files, after);
  }

  /** @throws ServerError ZK_LOG_CORRUPT, ZK_LOG_GAP, ZK_DISK */
  next(): LogEntry | null {
    for (;;) {
      if (this.#reader === null && !this.#openNext()) return this.#end();
      const entry = this.#reader!.next();
      if (entry === null) this.#leaveFile();
      else if (entry.zxid > this.#last) return this.#accept(entry);
    }
  }

  /** A last entry that was whole once may have been acknowledged, so only a person may decide to cut it. */
  #end(): null {
    const { tail } = this;
    if (tail === undefined || tail.lastZxid < this.#last) return null;
    if (!tail.torn || tail.entryBytes > this.#tornBytesMax) throw corruptLog(tail);
    return null;
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
    this.#next = this.#files.length;
  }

  #openNext(): boolean {
    const file = this.#files[this.#next++];
    if (file === undefined) return false;
    this.#reader = new LogFileReader(this.#disk, file.path);
    return true;
  }

  #leaveFile(): void {
    const reader = this.#reader!;
    reader.close();
    this.#reader = null;
    if (reader.damage !== undefined) this.tail = reader.damage;
  }

  #accept(entry: LogEntry): LogEntry {
    if (this.tail !== undefined) {
      if (entry.zxid !== this.#last + 1) throw corruptLog(this.tail);
      const { path, offset, reason } = this.tail;
      this.#logger.warn('an earlier log ends in a torn entry; nothing is missing', { path, offset, reason });
      this.tail = undefined;
    }
    if (!follows(entry.zxid, this.#last)) throw gap(this.#last, this.#lastPath, entry);
    this.#last = entry.zxid;
    this.#lastPath = entry.path;
    return entry;
  }
}

function gap(last: number, lastPath: string, entry: LogEntry): ServerError {
  const from = zxidToHex(last);
  const to = zxidToHex(entry.zxid);
  const message = `transactions are missing between ${from} (${lastPath}) and ${to} (${entry.path})`;
  return new ServerError('ZK_LOG_GAP', message, { after: from, before: to, from: lastPath, to: entry.path });
}

/** The newest file that can hold the entry after `after`, skipping empty ones. */
export function firstFileFor(disk: Disk, files: readonly LogFileName[], after: number): number {
  let index = files.findLastIndex(file => file.firstZxid <= after + 1);
  while (index > 0 && isEmpty(disk, files[index]!.path)) index--;
  return Math.max(index, 0);
}

function isEmpty(disk: Disk, path: string): boolean {
  const reader = new LogFileReader(disk, path);
  const empty = reader.next() === null;
  reader.close();
  return empty;
}
