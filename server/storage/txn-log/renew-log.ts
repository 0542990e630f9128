import type { Disk, DiskFile } from '../../runtime/runtime.ts';
import { isForbidden, isOutOfRoom, onDisk } from '../disk-error.ts';
import { LogFileReader } from './log-file-reader.ts';
import { listLogFiles } from './log-format.ts';

const COPY_BYTES = 1024 * 1024;
/**
 * It stands in front of the name: behind the name, upstream would take a half-written file for the log
 * itself.
 */
const NEXT_PREFIX = 'next.';

/**
 * Makes what recovery read from the newest log durable, before a vote or an ACK claims it. A killed process
 * leaves transactions in the page cache. A process that stopped after a failed sync leaves some that no later
 * sync saves although every reader sees them, because the kernel believes they are written. So they are
 * written again, to a file of their own. Older files were synced when the log rolled, or the server would not
 * have continued.
 */
export function renewNewestLog(disk: Disk, directory: string): void {
  const newest = listLogFiles(disk, directory).at(-1);
  if (newest === undefined) return;
  const { path } = newest;
  const end = endOf(disk, path);
  onDisk('renew', path, () => {
    const next = `${directory}/${NEXT_PREFIX}${path.slice(directory.length + 1)}`;
    if (writeCopy(disk, path, next, end) && replace(disk, path, next)) disk.syncDirectory(directory);
    else writeInPlace(disk, path, end);
  });
}

/** False, leaving nothing behind, when the disk has no room. */
function writeCopy(disk: Disk, path: string, next: string, end: number): boolean {
  const from = disk.open(path, 'r');
  let to: DiskFile | undefined;
  try {
    to = disk.open(next, 'w');
    writeAnew(from, to, end);
    return true;
  } catch (error) {
    if (!isOutOfRoom(error)) throw error;
    if (disk.exists(next)) disk.remove(next);
    return false;
  } finally {
    from.close();
    to?.close();
  }
}

/** False, leaving nothing behind, where only the owner of a file may replace it (a sticky directory). */
function replace(disk: Disk, path: string, next: string): boolean {
  try {
    disk.rename(next, path);
    return true;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    disk.remove(next);
    return false;
  }
}

/**
 * Rewrites the same bytes in place. A power loss in the middle may leave less of what a failed sync had lost
 * already, and then a file that is refused by name. But a server that needs room for two copies of its log
 * could not start at all.
 */
function writeInPlace(disk: Disk, path: string, end: number): void {
  const file = disk.open(path, 'a+');
  try {
    writeAnew(file, file, end);
  } finally {
    file.close();
  }
}

function writeAnew(from: DiskFile, to: DiskFile, end: number): void {
  for (let at = 0; at < end; at += COPY_BYTES)
    to.writeAt(at, from.readAt(at, Math.min(COPY_BYTES, end - at)));
  to.syncNow();
}

function endOf(disk: Disk, path: string): number {
  const reader = new LogFileReader(disk, path);
  try {
    while (reader.next() !== null);
    return Math.min(
      reader.offset,
      onDisk('read', path, () => disk.size(path)),
    );
  } finally {
    reader.close();
  }
}
