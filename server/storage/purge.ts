import { ServerError } from '../errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Disk } from '../runtime/runtime.ts';
import { onDisk } from './disk-error.ts';
import { listLogFiles } from './log-format.ts';
import { endsWith, openSnapshotBytes } from './snapshot-bytes.ts';
import { listSnapshots, SNAPSHOT_END } from './snapshot-format.ts';
import { firstFileFor } from './txn-log-reader.ts';

/** Fewer leave no way out when the newest snapshot turns out damaged. */
export const SNAP_RETAIN_COUNT_MIN = 3;

/**
 * autopurge: keeps the newest snapshots that are whole, and every log from the oldest of them on. Snapshots go before logs,
 * oldest first, so that a crash leaves too much and never a snapshot without its log. Returns what it removed.
 */
export function purge(
  disk: Disk,
  snapDirectory: string,
  logDirectory: string,
  retainCount: number,
  logger: Logger,
): string[] {
  const retain = Math.max(retainCount, SNAP_RETAIN_COUNT_MIN);
  const snapshots = listSnapshots(disk, snapDirectory);
  const whole = snapshots.filter(file => endsWhole(disk, file.path));
  const oldest = whole[retain - 1];
  if (oldest === undefined) return [];
  const removed = snapshots.filter(file => file.zxid < oldest.zxid).reverse();
  const logs = listLogFiles(disk, logDirectory);
  const oldLogs = logs.slice(0, firstFileFor(disk, logs, oldest.zxid));
  removeAll(disk, snapDirectory, removed);
  removeAll(disk, logDirectory, oldLogs);
  const paths = [...removed, ...oldLogs].map(file => file.path);
  if (paths.length > 0) logger.info('purged', { removed: paths.length, oldestKept: oldest.path });
  return paths;
}

function endsWhole(disk: Disk, path: string): boolean {
  try {
    const bytes = openSnapshotBytes(disk, path);
    try {
      return endsWith(bytes, SNAPSHOT_END);
    } finally {
      bytes.close();
    }
  } catch (error) {
    if (error instanceof ServerError) throw error;
    return false;
  }
}

function removeAll(disk: Disk, directory: string, files: readonly { readonly path: string }[]): void {
  if (files.length === 0) return;
  for (const { path } of files) onDisk('remove', path, () => disk.remove(path));
  onDisk('sync directory', directory, () => disk.syncDirectory(directory));
}
