/**
 * Gives memory back once the load is over. V8 keeps the young generation as large as the load made it (32
 * MiB) until a collection finds that little was allocated for 5 s. An idle server has no collections and
 * would keep about 30 MiB of it. Flags that make it smaller from the start save nothing, because short-lived
 * objects then move to the old generation.
 *
 * All collections here are minor. With a major one in the place of the second, a member kept 15 MiB more.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const CHECK_MS = 2_500;
/**
 * Share of one core that counts as quiet; a member that only pings takes 0.6 %. It is CPU and not elapsed
 * time, because a busy machine stretches that.
 */
const QUIET_CPU_MAX = 0.03;

/**
 * Whether to collect after each number of consecutive quiet checks. The first collection starts the interval
 * that V8 looks at, the one 5 s later shrinks the young generation, and the last returns its pages.
 */
const SEQUENCE: readonly boolean[] = [true, false, true, true];

/** Decides whether to collect; called at each check. */
export class QuietWatch {
  #quietChecks = 0;

  /** @param cpu used since the last check, 1 is all of one core */
  next(cpu: number): boolean {
    if (cpu > QUIET_CPU_MAX) {
      this.#quietChecks = 0;
      return false;
    }
    return SEQUENCE[this.#quietChecks++] ?? false;
  }
}

/** Does not keep the process alive. */
export function returnMemoryWhenQuiet(): void {
  const collect = minorCollector();
  const watch = new QuietWatch();
  let cpuBefore = process.cpuUsage();
  let beforeMs = performance.now();
  const check = (): void => {
    const { user, system } = process.cpuUsage(cpuBefore);
    const elapsedMs = performance.now() - beforeMs;
    cpuBefore = process.cpuUsage();
    beforeMs = performance.now();
    if (watch.next((user + system) / 1000 / elapsedMs)) collect();
  };
  setInterval(check, CHECK_MS).unref();
}

/** V8's own collector, without a flag on the command line: a new context has it once the flag is set. */
export function minorCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  return () => collect({ type: 'minor' });
}
