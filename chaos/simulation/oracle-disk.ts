import type { Disk, DiskFile } from '../../server/runtime/runtime.ts';
import { ORACLE_PATH } from './shape.ts';

/** The same disk, on which the file of the oracle holds what the oracle says at the moment. */
export function withOracle(disk: Disk, authorises: () => boolean): Disk {
  const open: Disk['open'] = (path, mode) =>
    path === ORACLE_PATH && mode === 'r' ? oracleFile(authorises) : disk.open(path, mode);
  return {
    makeDirectory: path => disk.makeDirectory(path),
    list: path => disk.list(path),
    exists: path => disk.exists(path),
    identity: path => disk.identity(path),
    size: path => disk.size(path),
    names: path => disk.names(path),
    fileInfo: path => (path === ORACLE_PATH ? { bytes: 1, modifiedMs: 0 } : disk.fileInfo(path)),
    read: path => disk.read(path),
    open,
    copyPermissions: (from, to) => disk.copyPermissions(from, to),
    rename: (from, to) => disk.rename(from, to),
    remove: path => disk.remove(path),
    syncDirectory: path => disk.syncDirectory(path),
  };
}

function oracleFile(authorises: () => boolean): DiskFile {
  const refuse = (): never => {
    throw new Error(`EBADF: ${ORACLE_PATH} is open for reading`);
  };
  return {
    path: ORACLE_PATH,
    size: () => 1,
    readAt: () => Buffer.from(authorises() ? '1' : '0'),
    writeAt: refuse,
    truncate: refuse,
    sync: refuse,
    syncNow: refuse,
    close: () => {},
  };
}
