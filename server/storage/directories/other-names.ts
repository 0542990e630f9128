import { ServerError } from '../../errors.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { zxidToHex } from '../../wire/zxid.ts';
import { endsWith, openSnapshotBytes } from '../snapshots/snapshot-bytes.ts';
import { SNAPSHOT_END, snapshotZxid } from '../snapshots/snapshot-format.ts';
import { TEMPORARY_SUFFIX } from '../snapshots/snapshot-writer.ts';
import { LogFileReader } from '../txn-log/log-file-reader.ts';
import { logZxid } from '../txn-log/log-format.ts';
import { type DataLayout, isOfZooKeeper, isPacked, mismatch } from './directory-check.ts';

/** Upstream goes by the first two parts of a name alone, and the second may have a sign. */
const OTHER_NAME = /^(log|snapshot)\.\+?([0-9a-f]+)(?:\.|$)/i;

/**
 * Refuses a start if a file like `log.5.bak` or `snapshot.5.old` holds more than what was read. Upstream
 * reads such files as if they had no third part. This server does not: a copy may hold what a TRUNC has
 * removed, and purging would remove what a person wanted to keep. But what it leaves out it must not lose in
 * silence.
 *
 * @throws ServerError ZK_DATA_MISMATCH
 */
export function refuseOtherNames(disk: Disk, layout: DataLayout, reached: number): void {
  for (const [kind, directory] of [
    ['log', layout.logDirectory],
    ['snapshot', layout.snapDirectory],
  ] as const) {
    for (const name of disk.list(directory)) {
      const [, prefix, zxid] = OTHER_NAME.exec(name) ?? [];
      if (prefix !== kind || logZxid(name) !== undefined || snapshotZxid(name) !== undefined) continue;
      const path = `${directory}/${name}`;
      if (disk.fileInfo(path) === undefined || !isOfZooKeeper(disk, path, kind)) continue;
      const named = Number.parseInt(zxid!, 16);
      const last = kind === 'log' ? lastOfLog(disk, path, named) : endOfSnapshot(disk, path, named);
      if (last <= reached) continue;
      throw mismatch(
        `${path} is a ${kind} that reaches ${zxidToHex(last)}, and without it the files lead only to ${zxidToHex(reached)}. ` +
          `Call it ${kind}.${zxid}, or move it to another directory to go on without it`,
      );
    }
  }
}

/** The zxid of the last entry that can be read, the first of a packed log; -1 when there is none. */
function lastOfLog(disk: Disk, path: string, first: number): number {
  if (isPacked(path)) return first;
  let last = -1;
  try {
    const reader = new LogFileReader(disk, path);
    try {
      for (let entry = reader.next(); entry !== null; entry = reader.next()) last = entry.zxid;
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof ServerError && error.code === 'ZK_LOG_CORRUPT')) throw error;
  }
  return last;
}

/** The zxid in the name of a snapshot that is whole; else -1. */
function endOfSnapshot(disk: Disk, path: string, zxid: number): number {
  if (path.endsWith(TEMPORARY_SUFFIX)) return -1;
  try {
    const bytes = openSnapshotBytes(disk, path);
    try {
      return endsWith(bytes, SNAPSHOT_END) ? zxid : -1;
    } finally {
      bytes.close();
    }
  } catch (error) {
    if (error instanceof ServerError) throw error;
    return -1;
  }
}
