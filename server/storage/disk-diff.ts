import { ServerError } from '../errors.ts';
import type { Disk } from '../runtime/runtime.ts';
import { type TxnPacket, txnPacket } from '../wire/txn-packet.ts';
import { follows } from '../wire/zxid.ts';
import { LogFileReader } from './log-file-reader.ts';
import { type LogFileName, listLogFiles } from './log-format.ts';
import { listSnapshots } from './snapshot-format.ts';

/** The file being written, and how far; path undefined: none. */
export interface CurrentLog {
  readonly path: string | undefined;
  readonly bytes: number;
}

/**
 * Transactions from the log on disk for a learner that is behind the committed log. The first is the learner's own last
 * one or, where this server lacks that, the last before it; the caller judges and checks that the rest joins.
 */
export class DiskDiff {
  readonly #disk: Disk;
  readonly #files: readonly LogFileName[];
  readonly #current: CurrentLog;
  #at = 0;
  #reader: LogFileReader | null = null;
  #first: TxnPacket | null;
  #ahead: TxnPacket | null;

  constructor(disk: Disk, files: readonly LogFileName[], current: CurrentLog, zxid: number) {
    this.#disk = disk;
    this.#files = files;
    this.#current = current;
    let previous: TxnPacket | null = null;
    let packet = this.#read();
    while (packet !== null && packet.zxid <= zxid) {
      previous = packet;
      packet = this.#read();
    }
    this.#ahead = packet;
    this.#first = previous;
  }

  /** False when the log starts after the learner's zxid: it cannot be brought up to date from here. */
  get reachesBack(): boolean {
    return this.#first !== null;
  }

  next(): TxnPacket | null {
    if (this.#first !== null) {
      const first = this.#first;
      this.#first = null;
      return first;
    }
    const packet = this.#ahead;
    if (packet !== null) this.#ahead = this.#read();
    return packet;
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
    this.#at = this.#files.length;
    this.#ahead = null;
  }

  #read(): TxnPacket | null {
    for (;;) {
      if (this.#reader === null) {
        const file = this.#files[this.#at++];
        if (file === undefined) return null;
        const bytesMax = file.path === this.#current.path ? this.#current.bytes : undefined;
        this.#reader = new LogFileReader(this.#disk, file.path, bytesMax);
      }
      const entry = this.#reader.next();
      if (entry !== null) return txnPacket(entry.zxid, entry.txn);
      this.#reader.close();
      this.#reader = null;
    }
  }
}

/**
 * Null when a snapshot is the cheaper way: the logs from `zxid` on are larger than `sizeFactor` times the newest
 * snapshot (snapshotSizeFactor; below 0: never from disk), do not reach back to it, have a hole, or end before `reach`, the last
 * transaction that the learner is to have: a server that took a SNAP itself has none of those before it.
 * @see facts section 15
 */
export function openDiskDiff(
  disk: Disk,
  snapDirectory: string,
  logDirectory: string,
  zxid: number,
  sizeFactor: number,
  current: CurrentLog,
  reach: number,
): DiskDiff | null {
  const logs = listLogFiles(disk, logDirectory);
  const first = logs.findLastIndex(file => file.firstZxid <= zxid);
  const newest = listSnapshots(disk, snapDirectory)[0];
  if (sizeFactor < 0 || first < 0 || newest === undefined) return null;
  const files = logs.slice(first);
  const sizeOf = (path: string): number => (path === current.path ? current.bytes : disk.size(path));
  const bytes = files.reduce((sum, file) => sum + sizeOf(file.path), 0);
  if (bytes > disk.size(newest.path) * sizeFactor) return null;
  if (!isContinuous(disk, files, current, zxid, reach)) return null;
  const diff = new DiskDiff(disk, files, current, zxid);
  if (diff.reachesBack) return diff;
  diff.close();
  return null;
}

/**
 * False when transactions after `zxid` are missing between two files, as they are where this server itself once took a
 * SNAP, or up to `reach`, or when a file is damaged.
 */
function isContinuous(
  disk: Disk,
  files: readonly LogFileName[],
  current: CurrentLog,
  zxid: number,
  reach: number,
): boolean {
  let last = -1;
  for (const { path } of files) {
    const reader = new LogFileReader(disk, path, path === current.path ? current.bytes : undefined);
    try {
      for (let entry = reader.next(); entry !== null; entry = reader.next()) {
        if (last >= 0 && entry.zxid > zxid && !follows(entry.zxid, last)) return false;
        last = entry.zxid;
      }
    } catch (error) {
      if (error instanceof ServerError && error.code === 'ZK_LOG_CORRUPT') return false;
      throw error;
    } finally {
      reader.close();
    }
  }
  return last >= reach;
}
