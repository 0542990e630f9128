import { gunzipSync } from 'node:zlib';
import type { Disk, DiskFile } from '../runtime/runtime.ts';
import { onDisk } from './disk-error.ts';

/** The contents of a snapshot file, inflated when it was written with snapshot.compression.method=gz. */
export type SnapshotBytes = Pick<DiskFile, 'size' | 'readAt' | 'close'>;

const GZIP_SUFFIX = '.gz';

/** @throws ServerError ZK_DISK; Error when a compressed file cannot be inflated */
export function openSnapshotBytes(disk: Disk, path: string): SnapshotBytes {
  if (!path.endsWith(GZIP_SUFFIX)) return onDisk('open', path, () => disk.open(path, 'r'));
  const packed = onDisk('read', path, () => disk.read(path));
  const bytes = gunzipSync(packed);
  return {
    size: () => bytes.length,
    readAt: (position, length) => bytes.subarray(position, position + length),
    close() {},
  };
}

/** Checksums aside: a file that was not written to its end does not end so. */
export function endsWith(bytes: SnapshotBytes, end: Buffer): boolean {
  const at = bytes.size() - end.length;
  return at >= 0 && bytes.readAt(at, end.length).equals(end);
}
