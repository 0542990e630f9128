import type { Watcher } from './watcher.ts';

/**
 * Size of a path and its watcher in the tables of both: 270 bytes, measured where nobody else watches the
 * path.
 */
const WATCH_BYTES = 270;
/** A character takes one byte, or two where the path has some beyond Latin-1. */
const BYTES_PER_CHAR = 2;

/** The memory of one watch of `path` in a table. */
export function watchBytes(path: string): number {
  return WATCH_BYTES + BYTES_PER_CHAR * path.length;
}

/** The memory of all clients' watches. Each watcher also has a count of its own. */
export class WatchMemory {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** `bytes` is negative when the watcher has less now. */
  add(watcher: Watcher, bytes: number): void {
    this.#bytes += bytes;
    watcher.watchBytes += bytes;
  }
}

/**
 * Limits on the memory of clients' watches. A watch stays until it fires, and a watch on a path that nobody
 * creates never fires, so a client could fill the heap with them.
 */
export interface WatchLimits {
  readonly allBytesMax: number;
  readonly eachBytesMax: number;
  /**
   * Limit for each client while all clients use more than half of theirs, so that a few do not take the rest.
   */
  readonly eachTightBytesMax: number;
  /** Limit for all clients on new watches. The rest is for clients that reconnect with watches they had. */
  readonly newBytesMax: number;
}

/**
 * A quarter of the heap for all clients, and a quarter of that for one: with 4 GiB of heap, half a million
 * watches of one client on paths of 100 characters. When half of that quarter is taken one client gets 8 MiB,
 * some 17,000 watches; 60 clients, the default limit per host, do not fill the other half.
 */
export function watchLimits(heapBytesMax: number): WatchLimits {
  const allBytesMax = heapBytesMax / 4;
  return {
    allBytesMax,
    eachBytesMax: allBytesMax / 4,
    eachTightBytesMax: allBytesMax / 128,
    newBytesMax: (allBytesMax / 8) * 7,
  };
}

/** Whether a client may set one more watch. `allBytes`: the memory of all clients' watches. */
export function mayWatch(limits: WatchLimits, allBytes: number, { watchBytes }: Watcher): boolean {
  if (allBytes < limits.allBytesMax / 2) return watchBytes < limits.eachBytesMax;
  return allBytes < limits.newBytesMax && watchBytes < limits.eachTightBytesMax;
}

/** Whether a client that reconnects may have one more of the watches it had. */
export function mayRearm(limits: WatchLimits, allBytes: number, { watchBytes }: Watcher): boolean {
  return allBytes < limits.allBytesMax && watchBytes < limits.eachBytesMax;
}

/** The client sent setWatches with more watches than it may have. */
export class WatchesFullError extends Error {
  constructor(allBytes: number, { watchBytes }: Watcher) {
    super(`its watches take ${watchBytes} bytes, and those of all clients ${allBytes}`);
    this.name = 'WatchesFullError';
  }
}
