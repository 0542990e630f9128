import type { Disk } from '../../../server/runtime/runtime.ts';

/** A disk that passes everything on to `disk` but what `own` does in its place. */
export function passingDisk(disk: Disk, own: Partial<Disk>): Disk {
  return {
    makeDirectory: path => disk.makeDirectory(path),
    list: path => disk.list(path),
    exists: path => disk.exists(path),
    identity: path => disk.identity(path),
    size: path => disk.size(path),
    names: path => disk.names(path),
    fileInfo: path => disk.fileInfo(path),
    read: path => disk.read(path),
    open: (path, mode) => disk.open(path, mode),
    copyPermissions: (from, to) => disk.copyPermissions(from, to),
    rename: (from, to) => disk.rename(from, to),
    remove: path => disk.remove(path),
    syncDirectory: path => disk.syncDirectory(path),
    ...own,
  };
}
