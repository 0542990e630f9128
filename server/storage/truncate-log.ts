import type { Logger } from '../runtime/logger.ts';
import type { Disk } from '../runtime/runtime.ts';
import { onDisk } from './disk-error.ts';
import { LogFileReader } from './log-file-reader.ts';
import { listLogFiles } from './log-format.ts';

export interface LogCut {
  readonly path: string;
  readonly offset: number;
  /** Files that start after the cut, oldest first. */
  readonly later: readonly string[];
}

/** Where the logs have to be cut so that `zxid` is their last transaction; undefined when they do not hold it. */
export function findCut(disk: Disk, directory: string, zxid: number): LogCut | undefined {
  const files = listLogFiles(disk, directory);
  for (let i = files.length - 1; i >= 0; i--) {
    const file = files[i]!;
    if (file.firstZxid > zxid) continue;
    const offset = offsetAfter(disk, file.path, zxid);
    if (offset === undefined) continue;
    return { path: file.path, offset, later: files.slice(i + 1).map(later => later.path) };
  }
  return undefined;
}

/**
 * Cuts, durably. Newest files go first, so that an interruption leaves a log that merely ends later than asked,
 * never one with a hole. @see ZOOKEEPER-5094
 */
export function applyCut(disk: Disk, directory: string, cut: LogCut, logger: Logger): void {
  for (const path of cut.later.toReversed()) {
    onDisk('remove', path, () => disk.remove(path));
    onDisk('sync directory', directory, () => disk.syncDirectory(directory));
  }
  cutFile(disk, cut.path, cut.offset);
  logger.info('log cut', { path: cut.path, offset: cut.offset, removed: cut.later.length });
}

/** Ends a file at `offset`, durably. */
export function cutFile(disk: Disk, path: string, offset: number): void {
  onDisk('truncate', path, () => {
    const file = disk.open(path, 'a+');
    try {
      file.truncate(offset);
      file.syncNow();
    } finally {
      file.close();
    }
  });
}

function offsetAfter(disk: Disk, path: string, zxid: number): number | undefined {
  const reader = new LogFileReader(disk, path);
  try {
    for (let entry = reader.next(); entry !== null && entry.zxid <= zxid; entry = reader.next()) {
      if (entry.zxid === zxid) return entry.endOffset;
    }
    return undefined;
  } finally {
    reader.close();
  }
}
