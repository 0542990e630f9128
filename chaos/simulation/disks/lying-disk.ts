import type { Clock, Disk, DiskFile } from '../../../server/runtime/runtime.ts';
import { passingDisk } from './passing-disk.ts';

/**
 * A planted bug: a disk that reports "synced" although it has not synced. Nothing is wrong until the power
 * fails; then acknowledged writes are gone on every member at once. A simulator that does not find this
 * finds nothing.
 */
export function lyingDisk(disk: Disk, clock: Clock): Disk {
  return passingDisk(disk, { open: (path, mode) => lyingFile(disk.open(path, mode), clock) });
}

function lyingFile(file: DiskFile, clock: Clock): DiskFile {
  return {
    path: file.path,
    size: () => file.size(),
    readAt: (position, length) => file.readAt(position, length),
    writeAt: (position, bytes, start, end) => file.writeAt(position, bytes, start, end),
    truncate: size => file.truncate(size),
    sync: done => void clock.after(0, () => done(undefined)),
    // Small, rarely written files (epochs) are really synced. Only the syncs of the log are false.
    syncNow: () => file.syncNow(),
    close: () => file.close(),
  };
}
