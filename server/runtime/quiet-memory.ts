/**
 * Gives memory back once the load is over. V8 keeps the young generation as large as the load made it (32
 * MiB) until a collection finds that little was allocated for 5 s. An idle server has no collections and
 * would keep about 30 MiB of it. Flags that make it smaller from the start save nothing, because short-lived
 * objects then move to the old generation.
 */
import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const CHECK_MS = 2_500;
/**
 * Share of one core that counts as quiet; a member that only pings takes 0.6 %. It is CPU and not elapsed
 * time, because a busy machine stretches that.
 */
const QUIET_CPU_MAX = 0.03;
/**
 * A major collection blocks the loop for about 1 ms per MiB of live objects, which is not worth it for a
 * large tree.
 */
const MAJOR_HEAP_BYTES_MAX = 64 * 1024 * 1024;

type Collection = 'minor' | 'major' | 'none';

/**
 * The collection after each number of consecutive quiet checks. The first starts the interval that V8 looks
 * at, the one 5 s later shrinks the young generation, and the last returns its pages.
 */
const SEQUENCE: readonly Collection[] = ['minor', 'none', 'major', 'minor'];

/** Decides what to collect; called at each check. */
export class QuietWatch {
  #quietChecks = 0;

  /** @param cpu used since the last check, 1 is all of one core */
  next(cpu: number, heapUsedBytes: number): Collection {
    if (cpu > QUIET_CPU_MAX) {
      this.#quietChecks = 0;
      return 'none';
    }
    const collection = SEQUENCE[this.#quietChecks++] ?? 'none';
    return collection === 'major' && heapUsedBytes > MAJOR_HEAP_BYTES_MAX ? 'minor' : collection;
  }
}

/** Does not keep the process alive. */
export function returnMemoryWhenQuiet(): void {
  const collect = collector();
  const watch = new QuietWatch();
  let cpuBefore = process.cpuUsage();
  let beforeMs = performance.now();
  const check = (): void => {
    const { user, system } = process.cpuUsage(cpuBefore);
    const elapsedMs = performance.now() - beforeMs;
    cpuBefore = process.cpuUsage();
    beforeMs = performance.now();
    const type = watch.next((user + system) / 1000 / elapsedMs, getHeapStatistics().used_heap_size);
    if (type !== 'none') collect({ type });
  };
  setInterval(check, CHECK_MS).unref();
}

/** V8's own collector, without a flag on the command line: a new context has it once the flag is set. */
function collector(): (options: { type: 'minor' | 'major' }) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as ReturnType<typeof collector>;
}
