/** A stopped member's files, as the faults that damage them see them. Apache's servers have the same. */
import { closeSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { nodeDisk } from '../../../server/runtime/node/node-disk.ts';
import { LogFileReader } from '../../../server/storage/txn-log/log-file-reader.ts';
import { listLogFiles } from '../../../server/storage/txn-log/log-format.ts';
import type { DataFolders } from '../context.ts';

const VERSION = 'version-2';

/** One transaction in a log. */
export interface EntryPlace {
  readonly path: string;
  readonly offset: number;
  /** Where the next one would begin. */
  readonly endOffset: number;
}

/** Every entry of the newest log, in order; none when there is no log. */
export function newestEntries(folders: DataFolders): EntryPlace[] {
  return firstEntries(folders, Number.POSITIVE_INFINITY);
}

/**
 * Whether the newest log has so many entries; the member may be running. Only the beginning is read: the rest
 * grows meanwhile, and half of a write looks like damage.
 */
export function hasLogged(folders: DataFolders, count: number): boolean {
  return firstEntries(folders, count).length === count;
}

function firstEntries({ logs }: DataFolders, max: number): EntryPlace[] {
  const path = listLogFiles(nodeDisk, join(logs, VERSION)).at(-1)?.path;
  if (path === undefined) return [];
  const reader = new LogFileReader(nodeDisk, path);
  const entries: EntryPlace[] = [];
  try {
    while (entries.length < max) {
      const entry = reader.next();
      if (entry === null) break;
      entries.push({ path, offset: entry.offset, endOffset: entry.endOffset });
    }
    return entries;
  } finally {
    reader.close();
  }
}

export function readBytes(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  } finally {
    closeSync(file);
  }
}

export function writeBytes(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(file);
  }
}

/** Removes logs, snapshots and epochs, and keeps myid. Returns how many files there were. */
export function wipe({ snapshots, logs }: DataFolders): number {
  let removed = 0;
  for (const folder of new Set([join(snapshots, VERSION), join(logs, VERSION)])) {
    for (const name of namesIn(folder)) {
      rmSync(join(folder, name), { recursive: true });
      removed += 1;
    }
  }
  return removed;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
