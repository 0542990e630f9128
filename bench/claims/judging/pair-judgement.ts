/**
 * Judges one pair of series: what was measured against its control, within rounds. What slows the whole
 * machine down is on both sides of a round and cancels out.
 */
import { intervalOf, type MeanInterval, meanOf } from '../../stats/mean-interval.ts';
import type { Margin, TimedRule } from '../claim.ts';
import { type PairedRound, paired, type Series } from './evidence.ts';
import { type Compared, compareWithMargin, type Reach, reachOf } from './margin-verdict.ts';

export interface Pair {
  /** The ensemble that the claim is about, and its control, as a sentence names them. */
  readonly subject: string;
  readonly control: string;
  /** The series of the control, and its description. */
  readonly a: Series | undefined;
  readonly aWhat: string;
  readonly b: Series | undefined;
  readonly bWhat: string;
  /** Under which `b` was measured, where a sentence needs it. */
  readonly condition?: string;
  /** Replaces the margin of the claim, as for a tail beside a median. */
  readonly margin?: Margin;
  /** Optional: judged if it was measured, and not reported as missing if it was not. */
  readonly optional?: boolean;
}

export interface FitPair extends Pair {
  readonly a: Series;
  readonly b: Series;
}

/** In the unit of the claim: a ratio, or a difference. */
export interface PairEstimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  readonly n: number;
}

export interface PairJudgement {
  readonly pair: FitPair;
  readonly verdict: Compared['verdict'];
  readonly estimate: PairEstimate;
  readonly margin: Margin;
  /** The lowest is the worst of the pairs of a claim. */
  readonly slack: number;
  /** A round in which what is measured stopped. One is enough to fail the claim. */
  readonly stop?: PairedRound;
  /** What this run could have shown, in the unit of the claim, where it showed nothing. */
  readonly reach?: Reach;
  /** How many rounds a run like this one needs for a verdict, when this one has too few that count. */
  readonly roundsNeeded?: number;
}

/**
 * With fewer rounds a single outlier decides, and a run that was cut short would get its verdict by accident.
 */
export const ROUNDS_MIN = 5;

/** A side below this share of its control has stopped, whatever other rounds say. */
const STOP_SHARE = 0.01;

/** @param alternatives how many pairs the claim has */
export function judgePair(
  pair: FitPair,
  rule: TimedRule,
  level: number,
  alternatives: number,
): PairJudgement {
  const { scale } = rule;
  const margin = pair.margin ?? rule.margin;
  const { into, outOf } = SCALES[scale];
  const rounds = paired(pair.a, pair.b);
  const stop = rounds.find(round => isStop(round, margin, scale));
  if (stop !== undefined) {
    const value = scale === 'ratio' ? stop.b / stop.a : stop.b - stop.a;
    const estimate = { value, low: -Infinity, high: Infinity, confidence: 1 - 2 * level, n: rounds.length };
    return { pair, verdict: 'fails', estimate, margin, slack: -Infinity, stop };
  }
  const mean = meanOf(rounds.flatMap(({ a, b, start }) => ({ start, value: into(a, b) })).filter(hasNumber));
  const scaled = mapMargin(margin, bound => (scale === 'ratio' ? Math.log(bound) : bound));
  const compared = compareWithMargin(mean, scaled, level, alternatives);
  const estimate = {
    value: outOf(mean.value),
    low: outOf(compared.low),
    high: outOf(compared.high),
    confidence: 1 - 2 * compared.tail,
    n: mean.rounds,
  };
  const judged = { pair, estimate, margin, slack: compared.slack };
  if (mean.rounds < ROUNDS_MIN)
    return { ...judged, verdict: 'not shown here', roundsNeeded: roundsNeeded(pair, mean.rounds) };
  if (compared.verdict !== 'not shown here') return { ...judged, verdict: compared.verdict };
  const { holds, fails, rounds: needed } = reachOf(mean, scaled, level, compared.tail);
  const reach = {
    holds: holds && mapMargin(holds, outOf),
    fails: fails && mapMargin(fails, outOf),
    rounds: needed,
  };
  return { ...judged, verdict: 'not shown here', reach };
}

/**
 * Only `count` of the measured rounds are valid, and more rounds would not have a larger share of valid ones.
 */
function roundsNeeded({ a, b }: FitPair, count: number): number {
  const measured = Math.max(...[a, b].map(({ values, voidRounds }) => values.length + voidRounds.length));
  return Math.ceil((ROUNDS_MIN * measured) / Math.max(1, count));
}

/** The mean of b over a within rounds (geometric), with an interval that errs in 1 of 20 cases. */
export function ratioWithin(a: Series, b: Series): PairEstimate {
  const { into, outOf } = SCALES.ratio;
  const mean: MeanInterval = meanOf(
    paired(a, b)
      .map(round => ({ start: round.start, value: into(round.a, round.b) }))
      .filter(hasNumber),
  );
  const { low, high } = intervalOf(mean, 0.025);
  return { value: outOf(mean.value), low: outOf(low), high: outOf(high), confidence: 0.95, n: mean.rounds };
}

const SCALES = {
  ratio: { into: (a: number, b: number) => Math.log(b / a), outOf: Math.exp },
  difference: { into: (a: number, b: number) => b - a, outOf: (value: number) => value },
} as const;

/** A round in which one side did nothing has no ratio. */
function hasNumber({ value }: { readonly value: number }): boolean {
  return Number.isFinite(value);
}

/** Only a stop on the bad side is a counter-example. */
function isStop({ a, b }: PairedRound, { low, high }: Margin, scale: TimedRule['scale']): boolean {
  if (a > 0 && b >= 0 && scale === 'ratio' && low !== undefined && b < a * STOP_SHARE) return true;
  return a > 0 && high !== undefined && b * STOP_SHARE > a && b - a > (scale === 'ratio' ? 0 : high);
}

function mapMargin({ low, high }: Margin, map: (bound: number) => number): Margin {
  return { ...(low !== undefined && { low: map(low) }), ...(high !== undefined && { high: map(high) }) };
}
