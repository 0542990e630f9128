import { ServerError } from '../../errors.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { follows } from '../../wire/zxid.ts';
import { listSnapshots } from '../snapshots/snapshot-format.ts';
import { type LogEntry, LogFileReader } from '../txn-log/log-file-reader.ts';
import { type LogFileName, listLogFiles } from '../txn-log/log-format.ts';

/** The file being written, and how far its entries reach; path undefined when there is none. */
export interface CurrentLog {
  readonly path: string | undefined;
  readonly bytes: number;
}

export interface DiskDiffRange {
  /** The last zxid of the learner. */
  readonly after: number;
  /** The last zxid to send; nothing after it is read. */
  readonly through: number;
  /** The logs must hold at least this zxid: a server that took a SNAP itself has no earlier ones. */
  readonly reach: number;
  /** `after` is known to belong to this server's history, though its log may begin later. */
  readonly isOfHistory?: boolean;
}

/**
 * Transactions from the log on disk, for a learner that is behind the committed log. They are read in pieces,
 * since there may be many megabytes, and none is kept. Entries appended meanwhile, and rolls, lie behind the
 * range and do not matter.
 */
export class DiskDiff {
  readonly #disk: Disk;
  readonly #files: readonly LogFileName[];
  readonly #current: CurrentLog;
  readonly #range: DiskDiffRange;
  /** The learner's own last transaction or, where this server lacks it, the last one before it. */
  #start = -1;
  /** The first transaction after it. */
  #next = -1;
  #last = -1;
  #at = 0;
  #reader: LogFileReader | null = null;
  #refused = false;

  constructor(disk: Disk, files: readonly LogFileName[], current: CurrentLog, range: DiskDiffRange) {
    this.#disk = disk;
    this.#files = files;
    this.#current = current;
    this.#range = range;
  }

  /**
   * Reads on for about `bytesMax` of log and hands over each transaction of the range. An entry is valid only
   * during the call. True while there is more; after that, `refused` and `around` give the result.
   */
  read(bytesMax: number, take: (entry: LogEntry) => void = () => {}): boolean {
    try {
      for (let left = bytesMax; left > 0; ) {
        const entry = this.#nextEntry();
        if (entry === null || entry.zxid > this.#range.through) return this.#end();
        left -= entry.endOffset - entry.offset;
        if (!this.#follows(entry)) return this.#refuse();
        if (entry.zxid > this.#range.after) take(entry);
      }
    } catch (error) {
      if (error instanceof ServerError && error.code === 'ZK_LOG_CORRUPT') return this.#refuse();
      throw error;
    }
    return true;
  }

  /** The log has a hole or does not reach far enough. */
  get refused(): boolean {
    return this.#refused;
  }

  /**
   * The transaction at or before the learner's last one, and the next one: these are all that the plan of a
   * sync needs from a log that holds the others. Null when the log is refused or does not reach back to the
   * learner's last one: send a SNAP.
   */
  get around(): readonly number[] | null {
    if (this.#refused || this.#start < 0) return null;
    return this.#next < 0 ? [this.#start] : [this.#start, this.#next];
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
  }

  /**
   * False where transactions are missing: before the logs start, or between two files, as after a SNAP that
   * this server took.
   */
  #follows({ zxid }: LogEntry): boolean {
    if (zxid <= this.#range.after) {
      this.#start = zxid;
    } else {
      if (!this.#isNext(zxid)) return false;
      if (this.#next < 0) this.#next = zxid;
    }
    this.#last = zxid;
    return true;
  }

  /** When an entry begins another epoch, only the entry before it can show that none is missing. */
  #isNext(zxid: number): boolean {
    const { after, isOfHistory = false } = this.#range;
    if (zxid === after + 1 && (isOfHistory || this.#last < 0)) return true;
    return this.#last >= 0 && follows(zxid, this.#last);
  }

  #nextEntry(): LogEntry | null {
    for (;;) {
      if (this.#reader === null) {
        const file = this.#files[this.#at++];
        // When the purge has removed a file meanwhile, the log has a hole or ends too early.
        if (file === undefined || !this.#disk.exists(file.path)) return null;
        const bytesMax = file.path === this.#current.path ? this.#current.bytes : undefined;
        this.#reader = new LogFileReader(this.#disk, file.path, bytesMax);
      }
      const entry = this.#reader.next();
      if (entry !== null) return entry;
      this.close();
    }
  }

  #end(): false {
    const { reach, through } = this.#range;
    if (this.#last < Math.min(reach, through)) this.#refused = true;
    this.close();
    return false;
  }

  #refuse(): false {
    this.#refused = true;
    this.close();
    return false;
  }
}

/**
 * Null when a snapshot is cheaper: the logs are larger than `sizeFactor` times the newest snapshot
 * (snapshotSizeFactor; 0: never too large; below 0: never from disk), or do not reach back to the learner's
 * last transaction.
 * @see docs/quorum.md "Synchronisation"
 */
export function openDiskDiff(
  disk: Disk,
  snapDirectory: string,
  logDirectory: string,
  sizeFactor: number,
  current: CurrentLog,
  range: DiskDiffRange,
): DiskDiff | null {
  const logs = listLogFiles(disk, logDirectory);
  const first = logs.findLastIndex(file => file.firstZxid <= range.after);
  const newest = listSnapshots(disk, snapDirectory)[0];
  if (sizeFactor < 0 || first < 0 || newest === undefined) return null;
  const files = logs.slice(first);
  const sizeOf = (path: string): number => (path === current.path ? current.bytes : disk.size(path));
  const bytes = files.reduce((sum, file) => sum + sizeOf(file.path), 0);
  const isTooLong = sizeFactor > 0 && bytes > disk.size(newest.path) * sizeFactor;
  return isTooLong ? null : new DiskDiff(disk, files, current, range);
}

/** For a sync that has begun, when a snapshot would no longer be cheaper. */
export function openLogRange(
  disk: Disk,
  logDirectory: string,
  current: CurrentLog,
  range: DiskDiffRange,
): DiskDiff {
  const logs = listLogFiles(disk, logDirectory);
  // The file named after the next transaction may not hold it, if its entry was torn and cut.
  const first = logs.findLastIndex(file => file.firstZxid <= range.after);
  return new DiskDiff(disk, logs.slice(Math.max(0, first)), current, { ...range, isOfHistory: true });
}
