/**
 * Makes V8 collect less often while large values pass through. V8 counts what such buffers take outside of
 * its heap as growth of the old generation, also when they are free again by the next minor collection. With
 * a heap of 30 MiB, 10 MiB of them already start a major collection, which marks all of the heap: with writes
 * of 500 kB that was every tenth write, and a fifth of the server's time.
 */
import { constants, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const MIB = 1024 * 1024;
/**
 * Growth of heap and buffers between two major collections. With 64 MiB there are a fifth fewer of them, but
 * the member keeps 20 to 30 MiB more for good.
 */
const GROWTH_BYTES = 32 * MIB;
/** A larger heap may grow by about as much in any case. */
const HEAP_BYTES_MAX = 128 * MIB;
/**
 * Major collections within `OFTEN_MS` that are too many. Small values cause one or two of them, writes of
 * 500 kB thirty.
 */
const OFTEN = 8;
const OFTEN_MS = 2_000;
/** Without a major collection for this long, V8 decides again. */
const QUIET_MS = 5_000;
const CHECK_MS = 1_000;

/** Decides by how many percent the heap may grow until the next major collection; 0: as V8 decides. */
export class CollectionPace {
  /** When the last major collections ended, oldest first. */
  readonly #recentMs: number[] = [];
  #percent = 0;

  /** There was a major collection. */
  collected(nowMs: number, heapUsedBytes: number): number {
    this.#recentMs.push(nowMs);
    if (this.#recentMs.length > OFTEN) this.#recentMs.shift();
    const isOften = this.#recentMs.length === OFTEN && nowMs - this.#recentMs[0]! <= OFTEN_MS;
    if (heapUsedBytes > HEAP_BYTES_MAX) this.#percent = 0;
    else if (isOften || this.#percent > 0) this.#percent = Math.ceil((100 * GROWTH_BYTES) / heapUsedBytes);
    return this.#percent;
  }

  /** Called at intervals. */
  check(nowMs: number): number {
    if (nowMs - (this.#recentMs.at(-1) ?? 0) >= QUIET_MS) this.#percent = 0;
    return this.#percent;
  }
}

/** The types of Node.js lack `detail`. */
interface CollectionEntry extends PerformanceEntry {
  readonly detail: { readonly kind: number };
}

/** Does not keep the process alive. */
export function collectLessUnderLargeValues(): void {
  const pace = new CollectionPace();
  let set = 0;
  const use = (percent: number): void => {
    if (percent === set) return;
    set = percent;
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  };
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries() as CollectionEntry[]) {
      if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)
        use(pace.collected(entry.startTime, getHeapStatistics().used_heap_size));
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  setInterval(() => use(pace.check(performance.now())), CHECK_MS).unref();
}
