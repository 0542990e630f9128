import type { Disk, DiskFile } from '../../../server/runtime/runtime.ts';
import { ORACLE_PATH } from '../shape.ts';
import { passingDisk } from './passing-disk.ts';

/** The same disk, on which the file of the oracle holds what the oracle says at the moment. */
export function withOracle(disk: Disk, authorises: () => boolean): Disk {
  return passingDisk(disk, {
    fileInfo: path => (path === ORACLE_PATH ? { bytes: 1, modifiedMs: 0 } : disk.fileInfo(path)),
    open: (path, mode) =>
      path === ORACLE_PATH && mode === 'r' ? oracleFile(authorises) : disk.open(path, mode),
  });
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
