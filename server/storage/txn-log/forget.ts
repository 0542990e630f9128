import type { Logger } from '../../runtime/logging/logger.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { zxidToHex } from '../../wire/zxid.ts';
import { onDisk } from '../disk-error.ts';
import { endsBy } from '../recovery.ts';
import { listSnapshots } from '../snapshots/snapshot-format.ts';
import { LogFileReader } from './log-file-reader.ts';
import { listLogFiles } from './log-format.ts';

/**
 * Removes every transaction after `zxid` from the logs, durably. The newest files go first, so that an
 * interruption leaves a log that only ends too late, never one with a hole. @see ZOOKEEPER-5094
 */
export function forgetAfter(disk: Disk, directory: string, zxid: number, logger: Logger): void {
  for (const file of listLogFiles(disk, directory).reverse()) {
    if (file.firstZxid > zxid) {
      removeDurably(disk, directory, file.path);
      logger.info('a log was removed', { path: file.path, after: zxidToHex(zxid) });
      continue;
    }
    const { offset, isEnd, isEmpty } = endOf(disk, file.path, zxid);
    if (!isEnd) {
      cutFile(disk, file.path, offset);
      logger.info('a log was cut', { path: file.path, offset, after: zxidToHex(zxid) });
    }
    // An empty file says nothing about the file before it.
    if (!isEmpty) return;
  }
}

/**
 * True when the log ends before `zxid`, the zxid of the snapshot, so that new entries would not join it. An
 * interrupted SNAP leaves such a log, and so does a power loss after a snapshot became durable before the
 * log.
 */
export function endsBefore(disk: Disk, directory: string, zxid: number): boolean {
  let last = -1;
  for (const file of listLogFiles(disk, directory).reverse()) {
    const reader = new LogFileReader(disk, file.path);
    for (let entry = reader.next(); entry !== null; entry = reader.next()) last = entry.zxid;
    reader.close();
    if (last >= 0) break;
  }
  return last >= 0 && last < zxid;
}

/** Removes snapshots that hold, or may hold, effects of transactions after `zxid`. @see ZOOKEEPER-4837 */
export function forgetSnapshotsAfter(disk: Disk, directory: string, zxid: number, logger: Logger): void {
  for (const file of listSnapshots(disk, directory)) {
    if (endsBy(disk, file, zxid)) continue;
    removeDurably(disk, directory, file.path);
    logger.info('a snapshot was removed', { path: file.path, after: zxidToHex(zxid) });
  }
}

/** Cuts a file at `offset`, durably. */
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

function removeDurably(disk: Disk, directory: string, path: string): void {
  onDisk('remove', path, () => disk.remove(path));
  onDisk('sync directory', directory, () => disk.syncDirectory(directory));
}

/** The offset of the first entry after `zxid`, or of the end of the file. */
function endOf(disk: Disk, path: string, zxid: number): { offset: number; isEnd: boolean; isEmpty: boolean } {
  const reader = new LogFileReader(disk, path);
  try {
    let isEmpty = true;
    for (let entry = reader.next(); entry !== null; entry = reader.next()) {
      if (entry.zxid > zxid) return { offset: entry.offset, isEnd: false, isEmpty };
      isEmpty = false;
    }
    return { offset: reader.offset, isEnd: true, isEmpty };
  } finally {
    reader.close();
  }
}
