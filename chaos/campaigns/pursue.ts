/**
 * What becomes of a run that failed: its plan is run again, shrunk while it fails, and confirmed. A failure
 * that comes seldom is given more tries, as far as the time allows.
 */
import { UsageError } from '../../bench/usage-error.ts';
import type { WrittenSchedule } from '../schedules/schedule.ts';
import type { RunOutcome } from './run-written.ts';
import { smallerSchedules } from './smaller-schedules.ts';

export interface PursuitLimits {
  /** Runs of the plan before it is shrunk, and of the shrunk one after. */
  readonly confirm: number;
  /** More runs, if none of those failed, as long as `shrinkMaxMs` allows. */
  readonly insist: number;
  readonly shrinkMaxMs: number;
}

export interface Tries {
  readonly tries: number;
  readonly failed: number;
}

export interface Pursuit {
  readonly again: Tries;
  /** Undefined when the plan never failed again. */
  readonly shrunk: (Tries & { readonly runs: number; readonly seconds: number }) | undefined;
  /** The smallest plan that failed. */
  readonly schedule: WrittenSchedule;
  /** Of a run of that plan. */
  readonly outcome: RunOutcome;
}

/** Tries of one candidate, so that a failure of the rate that was seen comes again with this probability. */
const SURE = 0.9;
const TRIES_MAX = 60;

/**
 * @param run runs a plan once; `what` says why, for progress
 * @throws what `run` throws
 */
export async function pursue(
  failing: WrittenSchedule,
  first: RunOutcome,
  run: (schedule: WrittenSchedule, what: string) => Promise<RunOutcome>,
  { confirm, insist, shrinkMaxMs }: PursuitLimits,
): Promise<Pursuit> {
  const startedMs = performance.now();
  const isSame = ({ outcome, checkers }: RunOutcome) =>
    outcome === 'failed' && checkers.some(each => first.checkers.includes(each));
  let again = await repeated(confirm, () => run(failing, 'again'), isSame);
  if (again.failed === 0) {
    const isLate = () => performance.now() - startedMs > shrinkMaxMs;
    const more = await untilOne(insist, () => run(failing, 'again'), isSame, isLate);
    again = { tries: again.tries + more.tries, failed: more.failed };
  }
  if (again.failed === 0) return { again, shrunk: undefined, schedule: failing, outcome: first };

  const shrinkingMs = performance.now();
  const isLate = () => performance.now() - shrinkingMs > shrinkMaxMs;
  const tries = triesFor(again);
  let runs = 0;
  let best = { schedule: failing, outcome: first };
  const search = smallerSchedules(failing);
  for (let step = search.next(); !step.done; ) {
    const schedule = step.value;
    const tried = isLate()
      ? { tries: 0, failed: 0 }
      : await untilOne(tries, () => run(schedule, 'shrinking'), isSame, isLate);
    runs += tried.tries;
    if (tried.failed > 0 && 'last' in tried && tried.last !== undefined)
      best = { schedule, outcome: tried.last };
    step = search.next(tried.failed > 0);
  }
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const confirmed = await repeated(confirm, () => run(best.schedule, 'confirming'), isSame);
  return { again, shrunk: { ...confirmed, runs, seconds }, ...best };
}

/** How many tries show a failure of this rate with probability `SURE`. */
export function triesFor({ tries, failed }: Tries): number {
  // The run that found it counts too.
  const rate = Math.min(1, (failed + 1) / (tries + 1));
  if (rate === 1) return 1;
  return Math.min(TRIES_MAX, Math.ceil(Math.log(1 - SURE) / Math.log(1 - rate)));
}

async function repeated(
  times: number,
  run: () => Promise<RunOutcome>,
  isSame: (outcome: RunOutcome) => boolean,
): Promise<Tries> {
  let failed = 0;
  for (let tries = 0; tries < times; tries++) if (isSame(await run())) failed += 1;
  return { tries: times, failed };
}

async function untilOne(
  max: number,
  run: () => Promise<RunOutcome>,
  isSame: (outcome: RunOutcome) => boolean,
  isLate: () => boolean = () => false,
): Promise<Tries & { readonly last?: RunOutcome }> {
  for (let tries = 1; tries <= max; tries++) {
    let outcome: RunOutcome;
    try {
      outcome = await run();
    } catch (error) {
      // A smaller ensemble may have no target for a fault.
      if (error instanceof UsageError) return { tries: tries - 1, failed: 0 };
      throw error;
    }
    if (isSame(outcome)) return { tries, failed: 1, last: outcome };
    if (isLate()) return { tries, failed: 0 };
  }
  return { tries: max, failed: 0 };
}
