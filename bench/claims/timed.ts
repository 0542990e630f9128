/** Tests of the timed channel. All take values by round; none takes "no difference shown" for "no difference". */

import type { Estimate, Verdict } from '../../results/schema.ts';
import type { Estimate as Interval } from '../stats/estimate.ts';
import { mannWhitney } from '../stats/mann-whitney.ts';
import { pairedRatio } from '../stats/ratio.ts';
import { median } from '../stats/summary.ts';
import { ALPHA, type Tests } from './claim.ts';
import { paired, type Series } from './evidence.ts';

/** One-sided Mann-Whitney: small when values of `b` are shown to lie above those of `a`. */
export function pAbove(a: readonly number[], b: readonly number[]): number {
  return mannWhitney(b, a).pAbove;
}

const scaled = (values: readonly number[], factor: number) => values.map(value => value * factor);
const shifted = (values: readonly number[], by: number) => values.map(value => value + by);

/** Is `b` the same as `a`, up to a ratio of 1 + margin either way? Two one-sided tests. */
export function sameWithin(a: Series, b: Series, margin: number): Tests {
  const notLower = pAbove(scaled(a.values, 1 / (1 + margin)), b.values);
  const notHigher = pAbove(b.values, scaled(a.values, 1 + margin));
  const lower = pAbove(b.values, scaled(a.values, 1 / (1 + margin)));
  const higher = pAbove(scaled(a.values, 1 + margin), b.values);
  return { holds: Math.max(notLower, notHigher), fails: Math.min(1, 2 * Math.min(lower, higher)) };
}

/** Is `b` at least `share` of `a`? */
export function atLeast(a: Series, b: Series, share: number): Tests {
  return {
    holds: pAbove(scaled(a.values, share), b.values),
    fails: pAbove(b.values, scaled(a.values, share)),
  };
}

/** Is `b` at most `by` above `a`? In the unit of the series. */
export function atMostAbove(a: Series, b: Series, by: number): Tests {
  return {
    holds: pAbove(b.values, shifted(a.values, by)),
    fails: pAbove(shifted(a.values, by), b.values),
  };
}

/** Is `b` below `a`? */
export function below(a: Series, b: Series): Tests {
  return { holds: pAbove(b.values, a.values), fails: pAbove(a.values, b.values) };
}

/** One claim about several pairs: it holds only where all do, and fails where one does. */
export function allOf(tests: readonly Tests[]): Tests | undefined {
  if (tests.length === 0) return undefined;
  return {
    holds: Math.max(...tests.map(({ holds }) => holds)),
    fails: Math.min(1, tests.length * Math.min(...tests.map(({ fails }) => fails))),
  };
}

export function verdictOf(corrected: Tests | undefined): Exclude<Verdict, 'void'> {
  if (corrected === undefined) return 'not shown here';
  if (corrected.holds <= ALPHA) return 'holds';
  return corrected.fails <= ALPHA ? 'fails' : 'not shown here';
}

/** "p = 0.012 after Holm's correction" */
export function pText(corrected: Tests | undefined): string {
  if (corrected === undefined) return 'not tested';
  const verdict = verdictOf(corrected);
  const p = verdict === 'fails' ? corrected.fails : corrected.holds;
  return `p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`} after Holm's correction`;
}

/** Median of b / a over the rounds that both have, so that what slowed the machine down cancels out. */
export function ratioEstimate(a: Series, b: Series): Estimate {
  const { a: x, b: y } = paired(a, b);
  return estimateOf(pairedRatio(x, y, confidenceFor(x.length)), 'ratio');
}

/** Median of b - a over the rounds that both have. */
export function differenceEstimate(a: Series, b: Series): Estimate {
  const { a: x, b: y } = paired(a, b);
  const differences = x.map((value, index) => y[index]! - value);
  return estimateOf(median(differences, confidenceFor(differences.length)), b.unit);
}

/** 95 %, or what the widest interval of so few rounds covers. */
function confidenceFor(n: number): number {
  return Math.min(0.95, Math.max(0.5, 1 - 2 ** (1 - n)));
}

function estimateOf({ value, low, high, n }: Interval, unit: string): Estimate {
  const finite = (bound: number) => (Number.isFinite(bound) ? bound : null);
  return { value: Number.isFinite(value) ? value : 0, low: finite(low), high: finite(high), n, unit };
}
