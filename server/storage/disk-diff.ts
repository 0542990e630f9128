import { ServerError } from '../errors.ts';
import type { Disk } from '../runtime/runtime.ts';
import { follows } from '../wire/zxid.ts';
import { type LogEntry, LogFileReader } from './log-file-reader.ts';
import { type LogFileName, listLogFiles } from './log-format.ts';
import { listSnapshots } from './snapshot-format.ts';

/** The file being written, and how far; path undefined: none. */
export interface CurrentLog {
  readonly path: string | undefined;
  readonly bytes: number;
}

export interface DiskDiffRange {
  /** The last zxid of the learner. */
  readonly after: number;
  /** The last zxid to send; nothing after it is read. */
  readonly through: number;
  /** The logs must hold this one at least: a server that took a SNAP itself has none of those before it. */
  readonly reach: number;
  /** `after` is known to be of this server's history, though its log may begin behind it. */
  readonly isOfHistory?: boolean;
}

/**
 * Transactions from the log on disk for a learner that is behind the committed log. They are read a piece at
 * a time, since there may be many megabytes, and none is kept; what is appended or rolled meanwhile lies
 * behind the range, and does not matter.
 */
export class DiskDiff {
  readonly #disk: Disk;
  readonly #files: readonly LogFileName[];
  readonly #current: CurrentLog;
  readonly #range: DiskDiffRange;
  /** The learner's own last one or, where this server lacks that, the last before it. */
  #start = -1;
  /** The first after it. */
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
   * Reads about `bytesMax` of log on, and hands over each transaction of the range; entries are valid only
   * meanwhile. True while there is more; after that, `refused` and `around` say what was there.
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
   * The transaction at or before the learner's last one, and the next: what a plan of the sync needs of a log
   * that holds all the others. Null when it is refused, or does not reach back to the learner's: send a SNAP.
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
   * False where transactions are missing: before the logs start, or between two files, as where this server
   * took a SNAP.
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

  /** Of one that begins another epoch, only one before it can say that none is missing. */
  #isNext(zxid: number): boolean {
    const { after, isOfHistory = false } = this.#range;
    if (zxid === after + 1 && (isOfHistory || this.#last < 0)) return true;
    return this.#last >= 0 && follows(zxid, this.#last);
  }

  #nextEntry(): LogEntry | null {
    for (;;) {
      if (this.#reader === null) {
        const file = this.#files[this.#at++];
        // A file that the purge has removed meanwhile leaves a hole, or the log ends too early.
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
 * Null when a snapshot is the cheaper way: the logs are larger than `sizeFactor` times the newest snapshot
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

/** For a sync that has begun: a snapshot would not be cheaper any more. */
export function openLogRange(
  disk: Disk,
  logDirectory: string,
  current: CurrentLog,
  range: DiskDiffRange,
): DiskDiff {
  const logs = listLogFiles(disk, logDirectory);
  // The file that is named after the next transaction may have nothing of it, where it was torn and cut.
  const first = logs.findLastIndex(file => file.firstZxid <= range.after);
  return new DiskDiff(disk, logs.slice(Math.max(0, first)), current, { ...range, isOfHistory: true });
}
