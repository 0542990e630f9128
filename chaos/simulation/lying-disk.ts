import type { Clock, Disk, DiskFile } from '../../server/runtime/runtime.ts';

/**
 * A planted fault: a disk that says "synced" and has not. Nothing is wrong until the power fails; then
 * acknowledged writes are gone on every member at once. Whoever cannot find that with the simulator has a
 * simulator that finds nothing.
 */
export function lyingDisk(disk: Disk, clock: Clock): Disk {
  return {
    makeDirectory: path => disk.makeDirectory(path),
    list: path => disk.list(path),
    exists: path => disk.exists(path),
    identity: path => disk.identity(path),
    size: path => disk.size(path),
    names: path => disk.names(path),
    fileInfo: path => disk.fileInfo(path),
    read: path => disk.read(path),
    open: (path, mode) => lyingFile(disk.open(path, mode), clock),
    rename: (from, to) => disk.rename(from, to),
    remove: path => disk.remove(path),
    syncDirectory: path => disk.syncDirectory(path),
  };
}

function lyingFile(file: DiskFile, clock: Clock): DiskFile {
  return {
    path: file.path,
    size: () => file.size(),
    readAt: (position, length) => file.readAt(position, length),
    writeAt: (position, bytes, start, end) => file.writeAt(position, bytes, start, end),
    truncate: size => file.truncate(size),
    sync: done => void clock.after(0, () => done(undefined)),
    // Small files on rare paths (epochs) are synced in truth: the lie is about the log alone.
    syncNow: () => file.syncNow(),
    close: () => file.close(),
  };
}
