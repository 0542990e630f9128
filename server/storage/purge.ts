import { ServerError } from '../errors.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { Disk } from '../runtime/runtime.ts';
import { onDisk } from './disk-error.ts';
import { endsWith, openSnapshotBytes } from './snapshots/snapshot-bytes.ts';
import { SNAPSHOT_END, type SnapshotFileName, snapshotZxid } from './snapshots/snapshot-format.ts';
import { type LogFileName, logZxid } from './txn-log/log-format.ts';
import { firstFileFor } from './txn-log/txn-log-reader.ts';

/** With fewer there is no fallback when the newest snapshot turns out damaged. */
export const SNAP_RETAIN_COUNT_MIN = 3;

/** Number of files that are checked or removed between two pauses. */
const FILES_PER_PART = 50;

/**
 * autopurge: keeps the newest whole snapshots, and every log from the oldest of them on. It removes snapshots
 * before logs, and the oldest first, so that a crash leaves too many files but never a snapshot without its
 * log. Returns the removed files.
 *
 * It pauses, since a directory may hold a hundred thousand files. During a pause a leader may have this
 * server truncate its log, which removes the snapshot on which the older files depended. Then it removes
 * nothing more.
 */
export function* purgeInParts(
  disk: Disk,
  snapDirectory: string,
  logDirectory: string,
  retainCount: number,
  events: ServerEvents,
): Generator<undefined, string[]> {
  const snapshots: SnapshotFileName[] = [];
  for (const name of yield* inParts(disk.names(snapDirectory))) {
    const zxid = snapshotZxid(name);
    if (zxid !== undefined) snapshots.push({ path: `${snapDirectory}/${name}`, zxid });
  }
  snapshots.sort((a, b) => b.zxid - a.zxid);
  const oldest = yield* oldestKept(disk, snapshots, Math.max(retainCount, SNAP_RETAIN_COUNT_MIN));
  if (oldest === undefined) return [];
  const logs: LogFileName[] = [];
  for (const name of yield* inParts(disk.names(logDirectory))) {
    const firstZxid = logZxid(name);
    if (firstZxid !== undefined) logs.push({ path: `${logDirectory}/${name}`, firstZxid });
  }
  logs.sort((a, b) => a.firstZxid - b.firstZxid);
  if (disk.fileInfo(oldest.path) === undefined) return [];
  const oldLogs = logs.slice(0, firstFileFor(disk, logs, oldest.zxid));
  const removed: string[] = [];
  for (const [directory, files] of [
    [snapDirectory, snapshots.filter(file => file.zxid < oldest.zxid).reverse()],
    [logDirectory, oldLogs],
  ] as const)
    yield* removeAll(disk, directory, files, oldest, removed);
  if (removed.length > 0) events.emit({ kind: 'purged', removed: removed.length, oldestKept: oldest.path });
  return removed;
}

function* inParts(names: Iterable<string>): Generator<undefined, string[]> {
  const all: string[] = [];
  for (const name of names) if (all.push(name) % FILES_PER_PART === 0) yield;
  return all;
}

/** The oldest of the newest whole snapshots that are kept. */
function* oldestKept(
  disk: Disk,
  newestFirst: readonly SnapshotFileName[],
  retain: number,
): Generator<undefined, SnapshotFileName | undefined> {
  let whole = 0;
  for (const file of newestFirst) {
    const isThere = disk.fileInfo(file.path) !== undefined;
    if (isThere && endsWhole(disk, file.path) && ++whole === retain) return file;
    yield;
  }
  return undefined;
}

function endsWhole(disk: Disk, path: string): boolean {
  try {
    const bytes = openSnapshotBytes(disk, path);
    try {
      return endsWith(bytes, SNAPSHOT_END);
    } finally {
      bytes.close();
    }
  } catch (error) {
    if (error instanceof ServerError) throw error;
    return false;
  }
}

function* removeAll(
  disk: Disk,
  directory: string,
  files: readonly { readonly path: string }[],
  oldest: SnapshotFileName,
  removed: string[],
): Generator<undefined, void> {
  if (files.length === 0) return;
  for (let at = 0; at < files.length; at += FILES_PER_PART) {
    if (at > 0) yield;
    if (disk.fileInfo(oldest.path) === undefined) break;
    for (const { path } of files.slice(at, at + FILES_PER_PART)) {
      onDisk('remove', path, () => disk.remove(path));
      removed.push(path);
    }
  }
  onDisk('sync directory', directory, () => disk.syncDirectory(directory));
}
