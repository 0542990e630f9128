import type { Watcher } from './watcher.ts';

/** A path and who watches it, in the tables of both: measured, 270 bytes where nobody else watches it. */
export const WATCH_BYTES = 270;
/** A character takes one byte, or two where the path has some beyond Latin-1. */
const BYTES_PER_CHAR = 2;

/** What one watch of `path` takes in a table. */
export function watchBytes(path: string): number {
  return WATCH_BYTES + BYTES_PER_CHAR * path.length;
}

/** What the watches of all clients take of the heap. Each watcher has a count of its own beside it. */
export class WatchMemory {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** `bytes` below 0: it has less now. */
  add(watcher: Watcher, bytes: number): void {
    this.#bytes += bytes;
    watcher.watchBytes += bytes;
  }
}

/**
 * What the watches of clients may take. A watch stays until it fires, which one on a path that nobody makes
 * never does, so a client that sets them could fill the heap.
 */
export interface WatchLimits {
  readonly allBytesMax: number;
  readonly eachBytesMax: number;
  /** Of each, while more than half of what all may have is taken: a few clients do not take what is left. */
  readonly eachTightBytesMax: number;
  /** Of all, for new watches: the rest is for clients that come back with those that they had. */
  readonly newBytesMax: number;
}

/**
 * A quarter of the heap for all, and a quarter of that for one: with 4 GiB of heap, half a million watches of
 * one client on paths of 100 characters. In a heap that is half taken one client has 8 MiB, some 17,000
 * watches; 60 clients, which are those that one host may have by default, do not fill the other half.
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

/** A client may set one more watch. `allBytes`: what those of all take. */
export function mayWatch(limits: WatchLimits, allBytes: number, { watchBytes }: Watcher): boolean {
  if (allBytes < limits.allBytesMax / 2) return watchBytes < limits.eachBytesMax;
  return allBytes < limits.newBytesMax && watchBytes < limits.eachTightBytesMax;
}

/** A client that comes back may have one more of the watches that it had. */
export function mayRearm(limits: WatchLimits, allBytes: number, { watchBytes }: Watcher): boolean {
  return allBytes < limits.allBytesMax && watchBytes < limits.eachBytesMax;
}

/** setWatches with more watches than the client may have. */
export class WatchesFullError extends Error {
  constructor(allBytes: number, { watchBytes }: Watcher) {
    super(`its watches take ${watchBytes} bytes, and those of all clients ${allBytes}`);
    this.name = 'WatchesFullError';
  }
}
