/**
 * Gives memory back once the load is over. V8 keeps the young generation as large as the load made it (32
 * MiB) until a collection finds that little was allocated for 5 s. An idle server has no collections and
 * would keep about 30 MiB of it. Flags that make it smaller from the start save nothing, because short-lived
 * objects then move to the old generation. What has died there goes only with a collection of the whole heap,
 * 10 MiB more.
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
 * A collection of the whole heap stops the server for about a millisecond per MiB in use. Above this it is
 * never made: a server with a large tree gives back the young generation alone.
 */
export const WHOLE_HEAP_BYTES_MAX = 32 * 1024 * 1024;

export type Collection = 'young' | 'whole';

/**
 * What to collect after each number of consecutive quiet checks. The first collection starts the interval
 * that V8 looks at, the one 5 s later shrinks the young generation, and the last returns its pages. Of the
 * whole heap there are two: the second frees what the first has only let go of.
 */
const SEQUENCE: readonly (Collection | null)[] = ['whole', null, 'whole', 'young'];

/** Decides what to collect; called at each check. */
export class QuietWatch {
  #quietChecks = 0;

  /**
   * @param cpu used since the last check, 1 is all of one core
   * @param heapBytes of JavaScript that are in use
   */
  next(cpu: number, heapBytes: number): Collection | null {
    if (cpu > QUIET_CPU_MAX) {
      this.#quietChecks = 0;
      return null;
    }
    const due = SEQUENCE[this.#quietChecks++] ?? null;
    return due === 'whole' && heapBytes > WHOLE_HEAP_BYTES_MAX ? 'young' : due;
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
    const due = watch.next((user + system) / 1000 / elapsedMs, getHeapStatistics().used_heap_size);
    if (due !== null) collect(due);
  };
  setInterval(check, CHECK_MS).unref();
}

/**
 * V8's own collector, without a flag on the command line: a new context has it once the flag is set. In
 * Node.js 20 a call that asks for `major` is a minor one, and a call that asks for nothing is of all.
 */
export function collector(): (what: Collection) => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;
  return what => (what === 'young' ? collect({ type: 'minor' }) : collect());
}
