import type { Disk } from '../runtime/runtime.ts';
import { snapshotZxid } from '../storage/snapshots/snapshot-format.ts';
import { PAUSE, type Slow } from '../turns/live.ts';

/**
 * Total size of the files of a directory. Other processes may write, remove and link files in it; a file that
 * cannot be examined counts 0.
 */
export function* directoryBytes(disk: Disk, directory: string): Slow<number> {
  let bytes = 0;
  for (const name of disk.names(directory)) {
    bytes += disk.fileInfo(`${directory}/${name}`)?.bytes ?? 0;
    yield PAUSE;
  }
  return bytes;
}

/** zxid of the newest snapshot, and when it was written in ms since 1970; undefined before the first. */
export function* newestSnapshot(
  disk: Disk,
  directory: string,
): Slow<{ readonly zxid: number; readonly writtenMs: number } | undefined> {
  let newest: { zxid: number; writtenMs: number } | undefined;
  for (const name of disk.names(directory)) {
    const zxid = snapshotZxid(name);
    if (zxid !== undefined && zxid > (newest?.zxid ?? -1)) {
      const info = disk.fileInfo(`${directory}/${name}`);
      if (info !== undefined) newest = { zxid, writtenMs: info.modifiedMs };
    }
    yield PAUSE;
  }
  return newest;
}
