import type { Disk, DiskFile } from '../runtime/runtime.ts';
import { isOutOfRoom, onDisk } from './disk-error.ts';
import { LogFileReader } from './log-file-reader.ts';
import { listLogFiles } from './log-format.ts';

const COPY_BYTES = 1024 * 1024;
const NEXT_SUFFIX = '.next';

/**
 * Makes what recovery read from the newest log durable, before it is claimed in a vote or an ACK. A process
 * that was killed leaves transactions in the page cache; one that stopped because a sync had failed leaves
 * some that no later sync saves, though every reader sees them, since the kernel holds them for written. So
 * they are written once more, to a file of their own. Older files were synced when the log rolled, or the
 * server would not have gone on.
 */
export function renewNewestLog(disk: Disk, directory: string): void {
  const newest = listLogFiles(disk, directory).at(-1);
  if (newest === undefined) return;
  const { path } = newest;
  const end = endOf(disk, path);
  onDisk('renew', path, () => {
    if (!writeCopy(disk, path, end)) {
      writeInPlace(disk, path, end);
      return;
    }
    disk.rename(path + NEXT_SUFFIX, path);
    disk.syncDirectory(directory);
  });
}

/** False, with nothing left of it, where there is no room. */
function writeCopy(disk: Disk, path: string, end: number): boolean {
  const next = path + NEXT_SUFFIX;
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

/**
 * The same bytes where they are. A power cut in the middle may leave less of what a failed sync had lost
 * already, and then a file that is refused by name; a server that needs room for its log twice would not
 * start again at all.
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
