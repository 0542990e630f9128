import { gunzipSync } from 'node:zlib';
import type { Disk, DiskFile } from '../../runtime/runtime.ts';
import { onDisk } from '../disk-error.ts';
import { unsnappy } from './snappy.ts';

/** The contents of a snapshot file, inflated when it was written with a snapshot.compression.method. */
export type SnapshotBytes = Pick<DiskFile, 'size' | 'readAt' | 'close'>;

const INFLATE: ReadonlyMap<string, (packed: Buffer) => Buffer> = new Map([
  ['.gz', packed => gunzipSync(packed)],
  ['.snappy', unsnappy],
]);

/** @throws ServerError ZK_DISK; Error when a compressed file cannot be inflated */
export function openSnapshotBytes(disk: Disk, path: string): SnapshotBytes {
  const inflate = [...INFLATE].find(([suffix]) => path.endsWith(suffix))?.[1];
  if (inflate === undefined) return onDisk('open', path, () => disk.open(path, 'r'));
  const bytes = inflate(onDisk('read', path, () => disk.read(path)));
  return {
    size: () => bytes.length,
    readAt: (position, length) => bytes.subarray(position, position + length),
    close() {},
  };
}

/** A check without checksums: a file that was not completely written does not end like this. */
export function endsWith(bytes: SnapshotBytes, end: Buffer): boolean {
  const at = bytes.size() - end.length;
  return at >= 0 && bytes.readAt(at, end.length).equals(end);
}
