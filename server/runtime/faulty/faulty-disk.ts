import { diskError } from '../node/node-disk.ts';
import type { Clock, Disk, DiskFile } from '../runtime.ts';

/** `EIO`: syncs fail. `ENOSPC`: nothing can be added. `EROFS`: nothing can be changed. */
export const DISK_FAILURES = ['EIO', 'ENOSPC', 'EROFS'] as const;
export type DiskFailure = (typeof DISK_FAILURES)[number];

export interface DiskFaults {
  /** Every sync takes this much longer. */
  readonly syncDelayMs?: number | undefined;
  readonly failure?: DiskFailure | undefined;
}

export interface FaultyDisk {
  readonly disk: Disk;
  readonly counts: { readonly delayedSyncs: number; readonly refusedOperations: number };
  set(faults: DiskFaults): void;
}

type Operation = 'create' | 'grow' | 'shrink' | 'rename' | 'remove' | 'sync';

const REFUSED: Readonly<Record<DiskFailure, ReadonlySet<Operation>>> = {
  EIO: new Set(['sync']),
  ENOSPC: new Set(['create', 'grow']),
  EROFS: new Set(['create', 'grow', 'shrink', 'rename', 'remove', 'sync']),
};
const WORDS: Readonly<Record<DiskFailure, string>> = {
  EIO: 'i/o error',
  ENOSPC: 'no space left on device',
  EROFS: 'read-only file system',
};

/** `disk` with faults that come and go. It refuses operations with the errors of a real one. */
export function faultyDisk(disk: Disk, clock: Clock): FaultyDisk {
  let faults: DiskFaults = {};
  const counts = { delayedSyncs: 0, refusedOperations: 0 };
  const refusal = (operation: Operation, call: string, path: string): Error | undefined => {
    const { failure } = faults;
    if (failure === undefined || !REFUSED[failure].has(operation)) return undefined;
    counts.refusedOperations++;
    const cause = Object.assign(new Error(`${failure}: ${WORDS[failure]} (injected)`), { code: failure });
    return diskError(call, path, cause);
  };
  const check = (operation: Operation, call: string, path: string): void => {
    const refused = refusal(operation, call, path);
    if (refused !== undefined) throw refused;
  };
  /** The thread waits, as it does for a slow disk in a synchronous call. */
  const syncNow = (call: string, path: string, run: () => void): void => {
    check('sync', call, path);
    const { syncDelayMs = 0 } = faults;
    if (syncDelayMs > 0) {
      counts.delayedSyncs++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, syncDelayMs);
    }
    run();
  };
  const sync = (file: DiskFile, done: (error: Error | undefined) => void): void => {
    const refused = refusal('sync', 'sync', file.path);
    if (refused !== undefined) {
      clock.after(0, () => done(refused));
      return;
    }
    const { syncDelayMs = 0 } = faults;
    if (syncDelayMs > 0) counts.delayedSyncs++;
    file.sync(syncDelayMs > 0 ? error => void clock.after(syncDelayMs, () => done(error)) : done);
  };
  const wrap = (file: DiskFile): DiskFile => ({
    path: file.path,
    size: () => file.size(),
    readAt: (position, length) => file.readAt(position, length),
    writeAt(position, bytes, start, end) {
      check('grow', 'write', file.path);
      file.writeAt(position, bytes, start, end);
    },
    truncate(size) {
      check(size > file.size() ? 'grow' : 'shrink', 'truncate', file.path);
      file.truncate(size);
    },
    sync: done => sync(file, done),
    syncNow: () => syncNow('sync', file.path, () => file.syncNow()),
    close: () => file.close(),
  });
  return {
    counts,
    set(asked) {
      faults = asked;
    },
    disk: {
      ...disk,
      makeDirectory(path) {
        if (!disk.exists(path)) check('create', 'create directory', path);
        disk.makeDirectory(path);
      },
      open(path, mode) {
        if (mode !== 'r') check(disk.exists(path) ? 'shrink' : 'create', 'open', path);
        return wrap(disk.open(path, mode));
      },
      copyPermissions(from, to) {
        check('shrink', 'chmod', to);
        disk.copyPermissions(from, to);
      },
      rename(from, to) {
        check('rename', 'rename', from);
        disk.rename(from, to);
      },
      remove(path) {
        check('remove', 'remove', path);
        disk.remove(path);
      },
      syncDirectory: path => syncNow('sync directory', path, () => disk.syncDirectory(path)),
    },
  };
}
