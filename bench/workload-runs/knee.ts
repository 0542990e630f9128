/** What a window of the search for the knee shows, and how long it must be. Pure. */
import { saturation } from '../load/driver/driver-monitor.ts';
import { LATE_SHARE_MAX, type LoadMode, type LoadResult } from '../load/load-spec.ts';
import type { WindowVerdict } from './rate-search.ts';

/** A window in which the ensemble answered less than this share of what was sent does not keep up. */
const ANSWERED_SHARE_MIN = 0.98;
/** As many as a p99 needs, and some more. */
const WINDOW_SAMPLES = 1_500;
const WINDOW_MS_MAX = 60_000;

/** Rates below have too few samples in the longest window. */
export const LOWEST_PER_SECOND = WINDOW_SAMPLES / (WINDOW_MS_MAX / 1000);
/** Shares of the highest rate at which latencies are measured. */
export const LADDER_SHARES = [0.1, 0.3, 0.6] as const;

/** Long enough for a p99 at the rate. */
export function windowMsOf(ratePerSecond: number, windowMs: number): number {
  return Math.min(WINDOW_MS_MAX, Math.max(windowMs, Math.ceil((WINDOW_SAMPLES * 1000) / ratePerSecond)));
}

export interface JudgedWindow {
  readonly verdict: WindowVerdict;
  /** In words; empty for a window that passed. */
  readonly why: string;
}

/** @param p99MsMax undefined: the ensemble need only keep up */
export function judgeWindow(load: LoadResult, p99MsMax: number | undefined): JudgedWindow {
  const { sends, totals, response, driver } = load;
  const intended = Math.max(1, sends.intended);
  const [unfit] = saturation(driver);
  if (unfit !== undefined) return { verdict: 'void', why: unfit };
  if (sends.late / intended > LATE_SHARE_MAX)
    return { verdict: 'void', why: `${sends.late} of ${intended} sends were late` };
  if (sends.dropped / intended > LATE_SHARE_MAX)
    return { verdict: 'fail', why: `${sends.dropped} of ${intended} requests found every session full` };
  const bad = totals.errors + totals.unknown;
  if (bad / intended > LATE_SHARE_MAX)
    return { verdict: 'fail', why: `${bad} of ${intended} requests failed or were not answered` };
  const answered = (load.okPerSecond * load.spec.durationMs) / 1000 / intended;
  if (answered < ANSWERED_SHARE_MIN)
    return { verdict: 'fail', why: `${(answered * 100).toFixed(1)} % were answered within the window` };
  if (p99MsMax === undefined) return { verdict: 'pass', why: '' };
  if (response.p99Us === undefined) return { verdict: 'void', why: 'too few answers for a p99' };
  const p99Ms = response.p99Us / 1000;
  return p99Ms <= p99MsMax
    ? { verdict: 'pass', why: '' }
    : { verdict: 'fail', why: `p99 is ${p99Ms.toFixed(2)} ms` };
}

/** The open loop of a workload at another rate. A closed one gets Poisson arrivals. */
export function atRate(mode: LoadMode, ratePerSecond: number): LoadMode {
  return { kind: 'open', ratePerSecond, arrivals: 'arrivals' in mode ? mode.arrivals : 'poisson' };
}
