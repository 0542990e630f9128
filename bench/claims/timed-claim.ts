/**
 * The common form of claims that compare timed series pair by pair, in all topologies that have such a pair.
 */
import type { Estimate } from '../stats/estimate.ts';
import { publishedEstimate } from '../stats/result-form.ts';
import type { Claim, Judgement, Tests } from './claim.ts';
import { type Evidence, leftOut, paired, type Series, type Unfit, unfit } from './evidence.ts';
import { allOf, pText, verdictOf } from './timed.ts';

export interface Pair {
  /** The topology that the claim is about. */
  readonly topology: string;
  /** The control, and its description. */
  readonly a: Series | undefined;
  readonly aWhat: string;
  readonly b: Series | undefined;
  readonly bWhat: string;
}

interface FitPair extends Pair {
  readonly a: Series;
  readonly b: Series;
}

export interface TimedComparison {
  /** Empty when this run has no topology for the claim. */
  pairs(evidence: Evidence): readonly Pair[];
  test(a: Series, b: Series): Tests;
  /** In the claim's unit. */
  estimate(a: Series, b: Series): Estimate;
  /** Which end of the estimates is the bad one. The reader is shown the worst pair. */
  readonly worst: 'lowest' | 'highest';
  /** "Beside 3 observers, voters wrote 0.98 times as much as ..." */
  say(pair: FitPair, estimate: Estimate): string;
  /** The exact channel: when the counts contradict the claim, it fails whatever the clock says. */
  exact?(pairs: readonly FitPair[]): { readonly counts: Judgement['exact']; readonly contradiction?: string };
  warnings?(evidence: Evidence): readonly string[];
}

/**
 * With fewer rounds there is no useful interval. A run that was cut short would get its verdict by accident.
 */
export const TIMED_ROUNDS_MIN = 5;

type ClaimText = Omit<Claim, 'tests' | 'judge'>;

export function timedClaim(text: ClaimText, comparison: TimedComparison): Claim {
  return {
    ...text,
    tests(evidence) {
      const pairs = comparison.pairs(evidence);
      if (unfitPairs(pairs) !== undefined || fewRounds(pairs.filter(isFit)) !== undefined) return undefined;
      return allOf(pairs.filter(isFit).map(({ a, b }) => comparison.test(a, b)));
    },
    judge(evidence, corrected) {
      const { estimate, ...judgement } = judge(comparison, evidence, corrected);
      const published = estimate && publishedEstimate(estimate, text.unit);
      return published === undefined ? judgement : { ...judgement, estimate: published };
    },
  };
}

type Judged = Omit<Judgement, 'estimate'> & { readonly estimate?: Estimate };

function judge(comparison: TimedComparison, evidence: Evidence, corrected: Tests | undefined): Judged {
  const pairs = comparison.pairs(evidence);
  const cannot = unfitPairs(pairs);
  if (cannot !== undefined) return cannot;
  const fit = pairs.filter(isFit);
  const estimates = fit.map(pair => ({ pair, estimate: comparison.estimate(pair.a, pair.b) }));
  const sign = comparison.worst === 'lowest' ? 1 : -1;
  estimates.sort((x, y) => sign * (x.estimate.value - y.estimate.value));
  const { pair, estimate } = estimates[0]!;
  const { counts, contradiction } = comparison.exact?.(fit) ?? { counts: [] };
  const timed = verdictOf(corrected);
  const said = `${comparison.say(pair, estimate)} (${fewRounds(fit) ?? pText(corrected)})`;
  return {
    verdict: contradiction === undefined ? timed : 'fails',
    reason: contradiction === undefined ? `${said}.` : `${said}, but the exact counts say: ${contradiction}.`,
    estimate,
    evidence: [...new Set(fit.flatMap(({ a, b }) => [a.id, b.id]))],
    exact: counts ?? [],
    warnings: [...(comparison.warnings?.(evidence) ?? []), ...leftOut(...fit.flatMap(({ a, b }) => [a, b]))],
  };
}

function unfitPairs(pairs: readonly Pair[]): Unfit | undefined {
  if (pairs.length === 0)
    return {
      verdict: 'not shown here',
      reason: 'This run has no topologies that could show it.',
      evidence: [],
    };
  const cannot = unfit(
    pairs.flatMap(({ a, aWhat, b, bWhat }) => [
      [aWhat, a],
      [bWhat, b],
    ]),
  );
  if (cannot !== undefined) return cannot;
  const apart = pairs.filter(isFit).find(({ a, b }) => paired(a, b).a.length === 0);
  if (apart === undefined) return undefined;
  const { a, aWhat, b, bWhat } = apart;
  return {
    verdict: 'void',
    reason: `There is no round in which both ${aWhat} and ${bWhat} count.`,
    evidence: [a.id, b.id],
  };
}

/** Why the pairs are not tested. */
function fewRounds(pairs: readonly FitPair[]): string | undefined {
  const fewest = Math.min(...pairs.map(({ a, b }) => paired(a, b).a.length));
  return fewest < TIMED_ROUNDS_MIN
    ? `${fewest} ${fewest === 1 ? 'round' : 'rounds'}; a test needs at least ${TIMED_ROUNDS_MIN}`
    : undefined;
}

function isFit(pair: Pair): pair is FitPair {
  return pair.a !== undefined && pair.b !== undefined;
}

/** 0.913 -> "0.91" */
export function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
