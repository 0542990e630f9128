/** Compares one cell (a metric of a topology in a condition) of two sides. */
import type { ComparedChange, ComparedRow, RowVerdict } from '../../results/comparison.ts';
import type { Measurement } from '../../results/schema.ts';
import { LEVEL, type Margin } from '../claims/claim.ts';
import { VOID_ROUND } from '../claims/judging/evidence.ts';
import { compareWithMargin, POWER } from '../claims/judging/margin-verdict.ts';
import { differenceOfMeans, meanOfSide, type SideRounds } from '../stats/independent-means.ts';
import { detectable, intervalOf, type MeanInterval, type RoundValue } from '../stats/mean-interval.ts';
import { finite } from '../stats/result-form.ts';
import type { Cell } from './compared-run.ts';

/** A change within this share counts as none. */
const NO_CHANGE_SHARE = 0.03;
/** The same for metrics in percent, in points. */
const NO_CHANGE_POINTS = 3;
/** With fewer rounds, starts or runs on a side nothing is known about its spread. */
const UNITS_MIN = 3;

type Scale = ComparedChange['scale'];

/** A cell with what a gate needs to judge it by another margin. */
export interface CellComparison {
  readonly cell: Cell;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  readonly scale: Scale;
  readonly a: MeanInterval;
  readonly b: MeanInterval;
  readonly unitsOf: readonly [ComparedRow['a']['of'], ComparedRow['b']['of']];
  /** b less a on the scale of the judgement: of logarithms for ratios. */
  readonly difference: MeanInterval;
  /** Why nothing can be said; undefined when something can. */
  readonly unfit?: 'too few' | 'void';
}

/** @param a the measurements of this cell, one for each run of the side that has it; @param b likewise */
export function compareCell(a: readonly Measurement[], b: readonly Measurement[]): CellComparison {
  const { metric, topology, condition, unit, higherIsBetter } = a[0]!;
  const values = [...a, ...b].flatMap(({ samples }) => samples.map(({ value }) => value));
  const scale: Scale = unit === '%' || values.some(value => value <= 0) ? 'difference' : 'ratio';
  const [roundsA, roundsB] = [roundsOf(a, scale), roundsOf(b, scale)];
  const common = {
    cell: { metric, topology, condition },
    ...{ unit, higherIsBetter, scale },
    a: meanOfSide(roundsA),
    b: meanOfSide(roundsB),
    unitsOf: [unitsOf(roundsA), unitsOf(roundsB)] as const,
    difference: differenceOfMeans(roundsA, roundsB),
  };
  if (isMostlyVoid(a) || isMostlyVoid(b)) return { ...common, unfit: 'void' };
  return hasTooFew(roundsA, roundsB) ? { ...common, unfit: 'too few' } : common;
}

/** @param tail the probability of an error at each end of the interval */
export function rowOf(comparison: CellComparison, tail: number): ComparedRow {
  const { cell, unit, higherIsBetter, scale, a, b, unitsOf, difference, unfit } = comparison;
  const { low, high } = intervalOf(difference, tail);
  const margin = noChange(comparison);
  const verdict = unfit ?? verdictOf(comparison, tail);
  const found = unfit === undefined && difference.standardError !== undefined;
  const smallest = found ? finite(detectable(difference, tail, POWER)) : null;
  return {
    ...cell,
    ...{ unit, higherIsBetter },
    a: levelOf(a, scale, unitsOf[0]),
    b: levelOf(b, scale, unitsOf[1]),
    change: Number.isFinite(difference.value)
      ? {
          scale,
          value: outOf(scale, difference.value),
          low: found ? finite(outOf(scale, low)) : null,
          high: found ? finite(outOf(scale, high)) : null,
          confidence: 1 - 2 * tail,
        }
      : null,
    detectable: smallest === null ? null : outOf(scale, smallest),
    margin: margin === undefined ? null : { low: outOf(scale, margin.low), high: outOf(scale, margin.high) },
    verdict,
  };
}

function verdictOf(comparison: CellComparison, tail: number): RowVerdict {
  const { difference, higherIsBetter } = comparison;
  const margin = noChange(comparison);
  const { low, high } = intervalOf(difference, tail);
  if (margin !== undefined && low >= margin.low && high <= margin.high) return 'no difference';
  if (low <= 0 && high >= 0) return 'no difference shown';
  return low > 0 === higherIsBetter ? 'better' : 'worse';
}

/** The changes that count as none, on the scale of the judgement. */
function noChange(comparison: CellComparison): Required<Margin> | undefined {
  const { scale, unit } = comparison;
  if (scale === 'ratio') return { low: -Math.log(1 + NO_CHANGE_SHARE), high: Math.log(1 + NO_CHANGE_SHARE) };
  const reach = unit === '%' ? NO_CHANGE_POINTS : Math.abs(comparison.a.value) * NO_CHANGE_SHARE;
  return Number.isFinite(reach) ? { low: -reach, high: reach } : undefined;
}

/**
 * Whether the change for the worse is within `percent` (points, for a metric in percent).
 * @param alternatives how many cells share the rule: any of them may break it
 */
export function withinAllowance(
  comparison: CellComparison,
  percent: number,
  alternatives: number,
): { readonly verdict: 'holds' | 'fails' | 'not shown here'; readonly tail: number } {
  const { scale, unit, higherIsBetter, difference } = comparison;
  const share = percent / 100;
  const reach =
    scale === 'ratio'
      ? Math.log(higherIsBetter ? 1 / (1 - Math.min(share, 1)) : 1 + share)
      : unit === '%'
        ? percent
        : Math.abs(comparison.a.value) * share;
  const margin = higherIsBetter ? { low: -reach } : { high: reach };
  // With a reach of 0, two equal sides without spread are exactly at their margin, which is allowed.
  if (difference.standardError === 0 && difference.value === 0) return { verdict: 'holds', tail: LEVEL };
  const { verdict, tail } = compareWithMargin(difference, margin, LEVEL, alternatives);
  return { verdict, tail };
}

function roundsOf(measurements: readonly Measurement[], scale: Scale): SideRounds {
  return measurements.map(({ samples }) =>
    samples.map(
      ({ value, start = 0 }): RoundValue => ({ start, value: scale === 'ratio' ? Math.log(value) : value }),
    ),
  );
}

function unitsOf(runs: SideRounds): ComparedRow['a']['of'] {
  const measured = runs.filter(rounds => rounds.length > 0);
  if (measured.length > 1) return 'runs';
  return new Set(measured[0]?.map(({ start }) => start)).size > 1 ? 'starts' : 'rounds';
}

/** A single run beside several takes its spread from them. */
function hasTooFew(a: SideRounds, b: SideRounds): boolean {
  const [unitsA, unitsB] = [a, b].map(runs => ({
    of: unitsOf(runs),
    n: meanOfSide(runs).degreesOfFreedom + 1,
  }));
  if ([a, b].some(runs => runs.every(rounds => rounds.length === 0))) return true;
  const [isPoolA, isPoolB] = [unitsA!.of === 'runs', unitsB!.of === 'runs'];
  const judged = isPoolA === isPoolB ? [unitsA!, unitsB!] : [isPoolA ? unitsA! : unitsB!];
  return judged.some(({ n }) => n < UNITS_MIN);
}

function isMostlyVoid(measurements: readonly Measurement[]): boolean {
  const voidRounds = measurements.flatMap(({ summary }) =>
    summary.warnings.filter(warning => warning.startsWith(VOID_ROUND)),
  ).length;
  const counted = measurements.reduce((sum, { samples }) => sum + samples.length, 0);
  return voidRounds > 0 && counted <= voidRounds;
}

function levelOf(mean: MeanInterval, scale: Scale, of: ComparedRow['a']['of']): ComparedRow['a'] {
  const n = mean.rounds === 0 ? 0 : of === 'rounds' ? mean.rounds : mean.starts;
  return { value: n === 0 ? null : outOf(scale, mean.value), n, of };
}

function outOf(scale: Scale, value: number): number {
  return scale === 'ratio' ? Math.exp(value) : value;
}
