import { ServerError } from '../../errors.ts';
import type { ServerEvents } from '../../metrics/server-events.ts';
import type { Disk } from '../../runtime/runtime.ts';
import type { DataTree } from '../../tree/data-tree.ts';
import type { OwnerLayout } from '../../tree/owner.ts';
import { ADLER_START, adler32 } from '../adler32.ts';
import { endsWith, openSnapshotBytes, type SnapshotBytes } from './snapshot-bytes.ts';
import {
  DIGEST_SECTION_BYTES,
  LAST_ZXID_SECTION_BYTES,
  listSnapshots,
  SEAL_BYTES,
  SNAPSHOT_END,
  SNAPSHOT_HEADER_BYTES,
  SNAPSHOT_MAGIC,
  SNAPSHOT_VERSION,
  type SnapshotFileName,
} from './snapshot-format.ts';
import { SnapshotStreamReader } from './snapshot-stream-reader.ts';

export interface SnapshotDigest {
  readonly zxid: number;
  readonly version: number;
  /** Unsigned, as TreeDigest.toBigInt. */
  readonly digest: bigint;
}

export interface LoadedSnapshot {
  readonly path: string;
  /** The zxid in its name: the snapshot holds all transactions up to it, and perhaps parts of later ones. */
  readonly zxid: number;
  readonly tree: DataTree;
  readonly sessionTimeouts: Map<bigint, number>;
  /** The digest at the moment of its last byte; undefined when written without digests. */
  readonly digest: SnapshotDigest | undefined;
}

/** A snapshot that cannot be read, and why. */
export interface DamagedSnapshot extends SnapshotFileName {
  readonly reason: string;
}

export interface NewestSnapshot extends LoadedSnapshot {
  /** Newer snapshots that are damaged, the newest first. */
  readonly passedOver: readonly DamagedSnapshot[];
}

const READ_BYTES = 1024 * 1024;
/** Number of snapshots that are tried, newest first, before the start is refused. */
const SNAPSHOTS_TRIED_MAX = 100;

/**
 * The newest whole snapshot; undefined when there is none at all. Damaged ones are skipped with a warning,
 * because the log reaches further back. @throws ServerError ZK_SNAPSHOT_CORRUPT when there are some and none
 * can be read
 */
export function loadNewestSnapshot(
  disk: Disk,
  directory: string,
  events: ServerEvents,
  accept: (file: SnapshotFileName) => boolean = () => true,
  ownerLayout: OwnerLayout = 'plain',
): NewestSnapshot | undefined {
  const passedOver: DamagedSnapshot[] = [];
  const files = listSnapshots(disk, directory).filter(accept).slice(0, SNAPSHOTS_TRIED_MAX);
  for (const { path, zxid } of files) {
    try {
      return { ...loadSnapshot(disk, path, zxid, ownerLayout), passedOver };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      passedOver.push({ path, zxid, reason });
      events.emit({ kind: 'snapshotPassedOver', path, reason });
    }
  }
  if (files.length === 0) return undefined;
  const { path, reason } = passedOver[0]!;
  throw new ServerError(
    'ZK_SNAPSHOT_CORRUPT',
    `none of the ${files.length} snapshots in ${directory} can be read; the reason for the newest, ${path}: ${reason}`,
    { directory },
  );
}

/** @throws when the file is not a whole snapshot */
export function loadSnapshot(
  disk: Disk,
  path: string,
  zxid: number,
  ownerLayout: OwnerLayout = 'plain',
): LoadedSnapshot {
  const file = openSnapshotBytes(disk, path);
  try {
    return readSnapshot(file, path, zxid, ownerLayout);
  } finally {
    file.close();
  }
}

/**
 * The zxid of the newest transaction a snapshot may hold effects of, read from its end without loading it;
 * undefined for files without the digest section and for damaged ones.
 */
export function snapshotEndZxid(disk: Disk, path: string): number | undefined {
  try {
    const file = openSnapshotBytes(disk, path);
    try {
      return digestZxidOf(file);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ServerError) throw error;
    return undefined;
  }
}

function digestZxidOf(file: SnapshotBytes): number | undefined {
  const size = file.size();
  for (const tailBytes of [DIGEST_SECTION_BYTES, DIGEST_SECTION_BYTES + LAST_ZXID_SECTION_BYTES]) {
    const at = size - tailBytes;
    if (at < SNAPSHOT_HEADER_BYTES + SEAL_BYTES) return undefined;
    const tail = file.readAt(at - SEAL_BYTES, SEAL_BYTES + DIGEST_SECTION_BYTES);
    const sealed = tail.subarray(SEAL_BYTES - SNAPSHOT_END.length, SEAL_BYTES).equals(SNAPSHOT_END);
    if (sealed && tail.subarray(-SNAPSHOT_END.length).equals(SNAPSHOT_END)) return readLong(tail, SEAL_BYTES);
  }
  return undefined;
}

function readSnapshot(
  file: SnapshotBytes,
  path: string,
  zxid: number,
  ownerLayout: OwnerLayout,
): LoadedSnapshot {
  const size = file.size();
  requireEnd(file, size);
  const header = file.readAt(0, SNAPSHOT_HEADER_BYTES);
  if (header.readInt32BE(0) !== SNAPSHOT_MAGIC || header.readInt32BE(4) !== SNAPSHOT_VERSION) {
    throw new Error('it does not start as a snapshot');
  }
  // The limit is the size of the file, whatever limit it was written with.
  const reader = new SnapshotStreamReader(size, ownerLayout);
  let adler = adler32(header, 0, header.length, ADLER_START);
  let position = SNAPSHOT_HEADER_BYTES;
  for (let done = false; !done; ) {
    const chunk = file.readAt(position, READ_BYTES);
    if (chunk.length === 0) throw new Error('it ends before its last node');
    const result = reader.feed(chunk);
    adler = adler32(chunk, 0, result.consumedBytes, adler);
    position += result.consumedBytes;
    done = result.done;
  }
  const digest = readTail(file.readAt(position, size - position), adler);
  reader.tree.lastProcessedZxid = zxid;
  return { path, zxid, tree: reader.tree, sessionTimeouts: reader.sessionTimeouts, digest };
}

/** A quick check that a file was written to its end. */
function requireEnd(file: SnapshotBytes, size: number): void {
  if (size < SNAPSHOT_HEADER_BYTES + SEAL_BYTES) throw new Error(`it has only ${size} bytes`);
  if (!endsWith(file, SNAPSHOT_END)) throw new Error('it does not end as a snapshot');
}

/** Checks the seals. `adler` covers everything before the tail. */
function readTail(tail: Buffer, adler: number): SnapshotDigest | undefined {
  requireSeal(tail, 0, adler);
  const sections = tail.length - SEAL_BYTES;
  const hasDigest =
    sections === DIGEST_SECTION_BYTES || sections === DIGEST_SECTION_BYTES + LAST_ZXID_SECTION_BYTES;
  if (!hasDigest && sections !== 0 && sections !== LAST_ZXID_SECTION_BYTES) {
    throw new Error(`${sections} bytes stand behind its first seal`);
  }
  for (const at of sealOffsets(hasDigest, sections)) requireSeal(tail, at, adler32(tail, 0, at, adler));
  if (!hasDigest) return undefined;
  return {
    zxid: readLong(tail, SEAL_BYTES),
    version: tail.readInt32BE(SEAL_BYTES + 8),
    digest: tail.readBigUInt64BE(SEAL_BYTES + 12),
  };
}

/**
 * Each section ends with its seal, and the first seal precedes the sections, so the lengths give the offsets.
 */
function sealOffsets(hasDigest: boolean, sections: number): number[] {
  const offsets: number[] = [];
  if (hasDigest) offsets.push(DIGEST_SECTION_BYTES);
  const hasLastZxid = sections === LAST_ZXID_SECTION_BYTES || sections > DIGEST_SECTION_BYTES;
  if (hasLastZxid) offsets.push(sections);
  return offsets;
}

function requireSeal(tail: Buffer, at: number, adler: number): void {
  if (tail.length < at + SEAL_BYTES) throw new Error('its seal is cut off');
  const intact =
    tail.readUInt32BE(at) === 0 &&
    tail.readUInt32BE(at + 4) === adler &&
    tail.subarray(at + 8, at + SEAL_BYTES).equals(SNAPSHOT_END);
  if (!intact) throw new Error('its checksum is wrong');
}

function readLong(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
