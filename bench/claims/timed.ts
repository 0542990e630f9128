/**
 * Tests of the timed channel. A difference that was not shown is never taken for equality: "leaves writes
 * alone" claims that they are worse by no more than a margin, and must be shown like any other claim.
 */
import type { Verdict } from '../../results/schema.ts';
import type { Estimate } from '../stats/estimate.ts';
import { mannWhitney } from '../stats/mann-whitney.ts';
import { pairedRatio } from '../stats/ratio.ts';
import { median } from '../stats/summary.ts';
import { ALPHA, type Tests } from './claim.ts';
import { paired, type Series } from './evidence.ts';

/** One-sided Mann-Whitney test: small when `values` are shown to lie above `others`. */
function pAbove(values: readonly number[], others: readonly number[]): number {
  return mannWhitney(values, others).pAbove;
}

/** Is `b` at least `share` of `a`? */
export function atLeast(a: Series, b: Series, share: number): Tests {
  const bound = a.values.map(value => value * share);
  return { holds: pAbove(b.values, bound), fails: pAbove(bound, b.values) };
}

/** Is `b` at most `by` above `a`, in the unit of the series? */
export function atMostAbove(a: Series, b: Series, by: number): Tests {
  const bound = a.values.map(value => value + by);
  return { holds: pAbove(bound, b.values), fails: pAbove(b.values, bound) };
}

/** Is `b` below `a`? */
export function below(a: Series, b: Series): Tests {
  return { holds: pAbove(a.values, b.values), fails: pAbove(b.values, a.values) };
}

/**
 * Combines the tests of several pairs into one claim: it holds only when all hold, and fails when one fails.
 */
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

/** Median of b / a over the rounds that both have. What slows the whole machine down cancels out. */
export function ratioOf(a: Series, b: Series): Estimate {
  const rounds = paired(a, b);
  return pairedRatio(rounds.a, rounds.b);
}

/** Median of b - a over the rounds that both have. */
export function differenceOf(a: Series, b: Series): Estimate {
  const rounds = paired(a, b);
  return median(rounds.a.map((value, index) => rounds.b[index]! - value));
}
