/**
 * Finds the highest rate that passes, on whatever can be measured at a rate. It knows nothing of servers or
 * clocks. Windows are noisy, so a rate passes or fails by two equal verdicts of at most three, and the number
 * of windows is bounded.
 */

/** A window that proves nothing, such as one of a saturated driver, is void. */
export type WindowVerdict = 'pass' | 'fail' | 'void';

export interface RateSearchOptions {
  /** Where the search begins, for example at the throughput of a closed loop. */
  readonly startPerSecond: number;
  readonly lowestPerSecond: number;
  readonly highestPerSecond: number;
  /** The search ends when the lowest failed rate is at most this much above the highest passed one. */
  readonly toleranceShare: number;
  readonly windowsMax: number;
}

/** Why a search ended. */
export type SearchEnd =
  /** Between a rate that passed and one that failed, as near as was asked for. */
  | 'found'
  /** Even the lowest rate failed. */
  | 'none passes'
  /** Even the highest rate passed. */
  | 'none fails'
  /** Found, but the windows at the higher rate were void: the driver is the limit, not the ensemble. */
  | 'void'
  | 'out of windows';

export interface RateSearchResult {
  readonly end: SearchEnd;
  /** The highest rate that passed, and the lowest that failed or was void. */
  readonly passed: number | undefined;
  readonly failed: number | undefined;
  /** In the order of measurement. */
  readonly windows: readonly { readonly ratePerSecond: number; readonly verdict: WindowVerdict }[];
}

/** Verdicts that decide a rate. */
const VOTES = 2;
/** Steps by which the search looks for a first bracket. */
const BRACKET_FACTOR = 2;

export async function searchRate(
  measure: (ratePerSecond: number) => Promise<WindowVerdict>,
  options: RateSearchOptions,
): Promise<RateSearchResult> {
  const { startPerSecond, lowestPerSecond, highestPerSecond, toleranceShare, windowsMax } = options;
  const windows: { ratePerSecond: number; verdict: WindowVerdict }[] = [];
  let passed: number | undefined;
  let failed: number | undefined;
  let isVoid = false;
  const ended = (end: SearchEnd): RateSearchResult => ({ end, passed, failed, windows });

  /** Undefined when the windows ran out before the rate was decided. */
  const judge = async (ratePerSecond: number): Promise<WindowVerdict | undefined> => {
    const votes = { pass: 0, fail: 0, void: 0 };
    while (windows.length < windowsMax) {
      const verdict = await measure(ratePerSecond);
      windows.push({ ratePerSecond, verdict });
      if (++votes[verdict] === VOTES) return verdict;
    }
    return undefined;
  };

  const clamp = (rate: number) => Math.min(highestPerSecond, Math.max(lowestPerSecond, rate));
  let next = clamp(startPerSecond);
  for (;;) {
    const verdict = await judge(next);
    if (verdict === undefined) return ended('out of windows');
    if (verdict === 'pass') passed = next;
    else {
      failed = next;
      isVoid = verdict === 'void';
    }
    if (passed === undefined) {
      if (next <= lowestPerSecond) return ended(isVoid ? 'void' : 'none passes');
      next = clamp(next / BRACKET_FACTOR);
    } else if (failed === undefined) {
      if (next >= highestPerSecond) return ended('none fails');
      next = clamp(next * BRACKET_FACTOR);
    } else if (failed <= passed * (1 + toleranceShare)) return ended(isVoid ? 'void' : 'found');
    // Rates matter by their ratio, so the middle is the geometric one.
    else next = Math.sqrt(passed * failed);
  }
}

export interface DepthPoint {
  readonly depth: number;
  readonly okPerSecond: number;
  /** Points that do not count: the depth was not the requested one, or the driver was at its limit. */
  readonly isVoid: boolean;
}

export interface DepthSweep {
  readonly points: readonly DepthPoint[];
  /** The smallest depth that has nearly the highest throughput; undefined when no point counts. */
  readonly knee: DepthPoint | undefined;
}

/** A deeper pipeline must bring this much, or it is no gain. */
const GAIN_MIN = 0.05;
/** So many depths without a gain end a sweep. A single one may be a bad window. */
const FLAT_MAX = 2;

/** Doubles the depth of a closed loop until it brings no more. */
export async function sweepDepths(
  measure: (depth: number) => Promise<DepthPoint>,
  depthMax: number,
): Promise<DepthSweep> {
  const points: DepthPoint[] = [];
  let best = 0;
  let flat = 0;
  for (let depth = 1; depth <= depthMax && flat < FLAT_MAX; depth *= 2) {
    const point = await measure(depth);
    points.push(point);
    if (point.isVoid) break;
    flat = point.okPerSecond > best * (1 + GAIN_MIN) ? 0 : flat + 1;
    best = Math.max(best, point.okPerSecond);
  }
  const knee = points.find(
    ({ okPerSecond, isVoid }) => !isVoid && okPerSecond > 0 && okPerSecond >= best * (1 - GAIN_MIN),
  );
  return { points, knee };
}
