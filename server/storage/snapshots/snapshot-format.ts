import type { Disk } from '../../runtime/runtime.ts';
import type { JuteWriter } from '../../wire/jute.ts';

/**
 * A snapshot file: header {int "ZKSN", int version 2, long dbid -1}, the records of `snapshot-stream.ts`, a
 * seal; then, when digests are on, {long zxid, int digestVersion, long digest} and a seal; then, from 3.9
 * servers, {long lastProcessedZxid} and a seal. A seal is {long adler32 of all before it, ustring "/"}. @see
 * docs/storage.md "Snapshots"
 */
export const SNAPSHOT_MAGIC = 0x5a4b534e;
export const SNAPSHOT_VERSION = 2;
export const SNAPSHOT_HEADER_BYTES = 16;
export const SEAL_BYTES = 13;
export const DIGEST_SECTION_BYTES = 20 + SEAL_BYTES;
export const LAST_ZXID_SECTION_BYTES = 8 + SEAL_BYTES;
/** The end of every whole snapshot: the path of a seal. */
export const SNAPSHOT_END = Buffer.from('000000012f', 'hex');

const SNAPSHOT_NAME = /^snapshot\.([0-9a-fA-F]+)(?:\.gz|\.snappy)?$/;

export interface SnapshotFileName {
  readonly path: string;
  readonly zxid: number;
}

/** Undefined when the name is not that of a snapshot. */
export function snapshotZxid(name: string): number | undefined {
  const match = SNAPSHOT_NAME.exec(name);
  return match === null ? undefined : Number.parseInt(match[1]!, 16);
}

/** Newest first. */
export function listSnapshots(disk: Disk, directory: string): SnapshotFileName[] {
  const files: SnapshotFileName[] = [];
  for (const name of disk.list(directory)) {
    const zxid = snapshotZxid(name);
    if (zxid !== undefined) files.push({ path: `${directory}/${name}`, zxid });
  }
  return files.sort((a, b) => b.zxid - a.zxid);
}

export function writeSnapshotHeader(writer: JuteWriter): void {
  writer.writeInt(SNAPSHOT_MAGIC).writeInt(SNAPSHOT_VERSION).writeLong(-1);
}

export function writeSeal(writer: JuteWriter, adler: number): void {
  writer.writeLong(adler).writeString('/');
}
