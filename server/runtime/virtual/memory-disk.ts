import type { Disk, DiskFile, FileInfo, Random } from '../runtime.ts';
import { MemoryFile } from './memory-file.ts';

export type DiskOperation = 'open' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'syncDirectory';

export interface MemoryDiskOptions {
  /** Schedules the callback of `sync`: a virtual clock's `after`, or a list that a test empties. */
  readonly schedule: (delayMs: number, run: () => void) => void;
  /** Decides what survives a crash. */
  readonly random: Random;
  readonly wallMs?: () => number;
}

/** One change of a directory. A crash keeps all of it or nothing, so a rename is never half done. */
interface NameChange {
  readonly path: string;
  /** The file that the name refers to from now on; undefined: none. */
  readonly file: MemoryFile | undefined;
  /** The name it had before. */
  readonly from?: string;
}

/**
 * A disk in memory that knows what a power loss would leave. Writes are volatile until the file is synced;
 * creations, renames and removals until the directory is. The simulation and the tests of `storage/` use it.
 */
export class MemoryDisk implements Disk {
  /** Limit on the bytes of all files together; a write beyond it fails with ENOSPC. */
  capacityBytes = Number.POSITIVE_INFINITY;
  syncDelayMs = 0;
  /** Returns the error with which a sync of this path fails, if any. */
  failSync: (path: string) => Error | undefined = () => undefined;
  /** Called before each change to the disk; may throw, or call `crash` and throw. */
  beforeOperation: (operation: DiskOperation, path: string) => void = () => {};
  /** Changes made to the disk so far. */
  operations = 0;
  syncs = 0;

  readonly #options: MemoryDiskOptions;
  #files = new Map<string, MemoryFile>();
  readonly #durable = new Map<string, MemoryFile>();
  readonly #directories = new Set<string>(['/', '.']);
  #nameChanges: NameChange[] = [];
  #generation = 0;

  constructor(options: MemoryDiskOptions) {
    this.#options = options;
  }

  /**
   * Power is lost. Synced changes stay, and a random part of the others. Handles opened before are dead, and
   * their syncs never call back.
   */
  crash(): void {
    this.#generation++;
    const { random } = this.#options;
    const kept = random.below(this.#nameChanges.length + 1);
    for (const change of this.#nameChanges.slice(0, kept)) setName(this.#durable, change);
    this.#nameChanges = [];
    this.#files = new Map(this.#durable);
    for (const file of new Set(this.#files.values())) file.crash(random);
  }

  /** The medium is replaced by an empty one. */
  wipe(): void {
    this.#generation++;
    this.#files = new Map();
    this.#durable.clear();
    this.#directories.clear();
    for (const root of ['/', '.']) this.#directories.add(root);
    this.#nameChanges = [];
  }

  /** Flips one stored bit, for tests of damage. */
  flipBit(path: string, position: number, bit = 0): void {
    this.#fileAt(path).flipBit(position, bit);
  }

  makeDirectory(path: string): void {
    let at = normal(path);
    while (!this.#directories.has(at)) {
      this.#directories.add(at);
      at = directoryOf(at);
    }
  }

  list(path: string): string[] {
    const directory = normal(path);
    const names: string[] = [];
    for (const file of this.#files.keys()) {
      if (directoryOf(file) === directory) names.push(file.slice(file.lastIndexOf('/') + 1));
    }
    return names.sort();
  }

  *names(path: string): Generator<string> {
    yield* this.list(path);
  }

  fileInfo(path: string): FileInfo | undefined {
    const file = this.#files.get(normal(path));
    return file === undefined ? undefined : { bytes: file.size, modifiedMs: file.modifiedMs };
  }

  exists(path: string): boolean {
    return this.#files.has(normal(path)) || this.#directories.has(normal(path));
  }

  identity(path: string): string {
    return normal(path);
  }

  size(path: string): number {
    return this.#fileAt(path).size;
  }

  read(path: string): Buffer {
    const file = this.#fileAt(path);
    return file.read(0, file.size);
  }

  open(path: string, mode: 'r' | 'w' | 'a+'): DiskFile {
    const name = normal(path);
    let file = this.#files.get(name);
    if (mode === 'r') return this.#handle(name, this.#fileAt(name));
    this.#before('open', name);
    if (!this.#directories.has(directoryOf(name))) throw systemError('ENOENT', 'open', name);
    if (file === undefined) {
      file = new MemoryFile(this.#wallMs());
      this.#changeName({ path: name, file });
    } else if (mode === 'w') {
      file.truncate(0);
    }
    return this.#handle(name, file);
  }

  /** Everybody may do everything here. */
  copyPermissions(): void {}

  rename(from: string, to: string): void {
    const file = this.#fileAt(from);
    this.#before('rename', normal(from));
    this.#changeName({ path: normal(to), file, from: normal(from) });
  }

  remove(path: string): void {
    this.#fileAt(path);
    this.#before('remove', normal(path));
    this.#changeName({ path: normal(path), file: undefined });
  }

  syncDirectory(path: string): void {
    const directory = normal(path);
    this.#before('syncDirectory', directory);
    const error = this.failSync(directory);
    if (error !== undefined) throw error;
    this.syncs++;
    const rest: NameChange[] = [];
    for (const change of this.#nameChanges) {
      if (directoryOf(change.path) === directory) setName(this.#durable, change);
      else rest.push(change);
    }
    this.#nameChanges = rest;
  }

  #changeName(change: NameChange): void {
    setName(this.#files, change);
    this.#nameChanges.push(change);
  }

  #before(operation: DiskOperation, path: string): void {
    this.operations++;
    this.beforeOperation(operation, path);
  }

  #fileAt(path: string): MemoryFile {
    const file = this.#files.get(normal(path));
    if (file === undefined) throw systemError('ENOENT', 'open', path);
    return file;
  }

  #wallMs(): number {
    return this.#options.wallMs?.() ?? 0;
  }

  #requireRoom(path: string, moreBytes: number): void {
    if (moreBytes <= 0 || this.capacityBytes === Number.POSITIVE_INFINITY) return;
    let used = 0;
    for (const file of this.#files.values()) used += file.size;
    if (used + moreBytes > this.capacityBytes) throw systemError('ENOSPC', 'write', path);
  }

  #handle(path: string, file: MemoryFile): DiskFile {
    const generation = this.#generation;
    let open = true;
    const alive = (): boolean => open && generation === this.#generation;
    const change = (operation: DiskOperation): void => {
      if (!alive()) throw systemError('EBADF', operation, path);
      this.#before(operation, path);
      if (!alive()) throw systemError('EBADF', operation, path);
      file.modifiedMs = this.#wallMs();
    };
    const finishSync = (count: number): Error | undefined => {
      const error = this.failSync(path);
      if (error !== undefined) file.poison();
      else file.settle(count);
      this.syncs++;
      return error;
    };
    return {
      path,
      size: () => file.size,
      readAt: (position, length) => file.read(position, length),
      writeAt: (position, bytes, start = 0, end = bytes.length) => {
        change('write');
        this.#requireRoom(path, position + end - start - file.size);
        file.write(position, bytes.subarray(start, end));
      },
      truncate: size => {
        change('truncate');
        this.#requireRoom(path, size - file.size);
        file.truncate(size);
      },
      sync: done => {
        change('sync');
        const count = file.pendingCount;
        this.#options.schedule(this.syncDelayMs, () => {
          if (generation === this.#generation) done(finishSync(count));
        });
      },
      syncNow: () => {
        change('sync');
        const error = finishSync(file.pendingCount);
        if (error !== undefined) throw error;
      },
      close: () => {
        open = false;
      },
    };
  }
}

function setName(names: Map<string, MemoryFile>, change: NameChange): void {
  if (change.from !== undefined) names.delete(change.from);
  if (change.file === undefined) names.delete(change.path);
  else names.set(change.path, change.file);
}

function normal(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash);
}

function systemError(code: string, operation: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${operation} '${path}'`), { code });
}
