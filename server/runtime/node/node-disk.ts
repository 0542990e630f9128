import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { ServerError } from '../../errors.ts';
import type { Disk, DiskFile, FileInfo } from '../runtime.ts';

/** `Disk` on node:fs. Every failure is a ServerError ZK_DISK that names the operation and the file. */
export const nodeDisk: Disk = {
  makeDirectory: path => guard('create directory', path, () => makeDirectory(path)),
  list: path => guard('list', path, () => listNames(path)),
  names,
  fileInfo,
  exists: path => guard('stat', path, () => isThere(path)),
  identity: path => guard('stat', path, () => identityOf(path)),
  size: path => guard('stat', path, () => fs.statSync(path).size),
  read: path => guard('read', path, () => fs.readFileSync(path)),
  open: (path, mode) => guard('open', path, () => new NodeDiskFile(path, openDescriptor(path, mode))),
  copyPermissions: (from, to) => guard('chmod', to, () => fs.chmodSync(to, fs.statSync(from).mode & 0o777)),
  rename: (from, to) => guard('rename', from, () => fs.renameSync(from, to)),
  remove: path => guard('remove', path, () => fs.unlinkSync(path)),
  syncDirectory: path => guard('sync directory', path, () => syncDirectory(path)),
};

/**
 * The same, but it refuses to open files for reading when descriptors are few: writers of the log must never
 * lack one.
 */
export function sparingDisk(disk: Disk, mayRead: () => boolean): Disk {
  const open: Disk['open'] = (path, mode) => {
    if (mode !== 'r' || mayRead()) return disk.open(path, mode);
    throw diskError('open', path, new Error('too few file descriptors are left for reading'));
  };
  return { ...disk, open };
}

/**
 * How long in ms writes to a file without a name may go unnoticed: a check after each sync costs a lone write
 * a tenth of its time.
 */
const NAME_CHECK_INTERVAL_MS = 100;

class NodeDiskFile implements DiskFile {
  readonly path: string;
  readonly #fd: number;
  /** False when the file system does not count the names of a file. */
  readonly #namesCounted: boolean;
  #nameCheckedMs = Number.NEGATIVE_INFINITY;
  #open = true;
  #syncing = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    this.#namesCounted = fs.fstatSync(fd).nlink > 0;
  }

  size(): number {
    return guard('stat', this.path, () => fs.fstatSync(this.#fd).size);
  }

  readAt(position: number, length: number): Buffer {
    return guard('read', this.path, () => {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const count = fs.readSync(this.#fd, bytes, filled, length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    });
  }

  writeAt(position: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
    guard('write', this.path, () => {
      let from = start;
      while (from < end) from += fs.writeSync(this.#fd, bytes, from, end - from, position + from - start);
    });
  }

  truncate(size: number): void {
    guard('truncate', this.path, () => fs.ftruncateSync(this.#fd, size));
  }

  sync(done: (error: Error | undefined) => void): void {
    if (this.#syncing) throw new ServerError('ZK_INVARIANT', `two syncs of ${this.path} at once`);
    this.#syncing = true;
    // fdatasync also writes a changed size, which is all that a log needs of the inode.
    fs.fdatasync(this.#fd, error => {
      this.#syncing = false;
      const failure = error ?? this.#lost();
      if (!this.#open) fs.closeSync(this.#fd);
      done(failure === undefined ? undefined : diskError('sync', this.path, failure));
    });
  }

  /** A file that has lost its name disappears when it is closed, however often it is synced. */
  #lost(): Error | undefined {
    const nowMs = performance.now();
    if (!this.#open || !this.#namesCounted || nowMs - this.#nameCheckedMs < NAME_CHECK_INTERVAL_MS)
      return undefined;
    this.#nameCheckedMs = nowMs;
    if (fs.fstatSync(this.#fd).nlink > 0) return undefined;
    return new Error('the file was removed or replaced by somebody else');
  }

  syncNow(): void {
    guard('sync', this.path, () => fs.fsyncSync(this.#fd));
  }

  /** The descriptor stays open during a sync, because its number must not be given to another file. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (!this.#syncing) guard('close', this.path, () => fs.closeSync(this.#fd));
  }
}

/**
 * Node's own `recursive` loops forever over the parents of what the system reports as missing, below /proc.
 */
function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    fs.mkdirSync(path);
  } catch (error) {
    // Another process may have created it first.
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Only a missing name counts as absent: a file that cannot be examined may hold an epoch that was promised.
 */
function isThere(path: string): boolean {
  try {
    fs.statSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

function openDescriptor(path: string, mode: 'r' | 'w' | 'a+'): number {
  if (mode === 'r') return fs.openSync(path, 'r');
  const { O_CREAT, O_RDWR, O_TRUNC } = fs.constants;
  // Not O_APPEND: Linux then ignores the position of a write.
  return fs.openSync(path, mode === 'w' ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR | O_CREAT, 0o644);
}

/** Device and inode, so links and spellings do not matter. */
export function identityOf(path: string): string {
  const { dev, ino } = fs.statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

function listNames(path: string): string[] {
  if (!fs.existsSync(path)) return [];
  const entries = fs.readdirSync(path, { withFileTypes: true });
  return (
    entries
      // Opening a named pipe would block the server forever.
      .filter(entry => entry.isFile() || (entry.isSymbolicLink() && !leadsElsewhere(`${path}/${entry.name}`)))
      .map(entry => entry.name)
      .sort()
  );
}

/** A link to a pipe or a directory. One that cannot be followed is listed: what it led to may be missing. */
function leadsElsewhere(path: string): boolean {
  try {
    return !fs.statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Number of names read from a directory at once. */
const NAMES_AT_ONCE = 64;

function* names(path: string): Generator<string> {
  let directory: fs.Dir | undefined;
  try {
    directory = fs.opendirSync(path, { bufferSize: NAMES_AT_ONCE });
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) yield entry.name;
  } catch {
    // An unreadable directory has no names, and one that disappears meanwhile has no more.
  } finally {
    directory?.closeSync();
  }
}

function fileInfo(path: string): FileInfo | undefined {
  try {
    const stat = fs.statSync(path);
    return stat.isFile() ? { bytes: stat.size, modifiedMs: stat.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function guard<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw diskError(operation, path, error);
  }
}

export function diskError(operation: string, path: string, cause: unknown): ServerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ServerError('ZK_DISK', `cannot ${operation} ${path}: ${reason}`, { operation, path }, cause);
}
