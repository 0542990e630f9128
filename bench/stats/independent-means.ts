/**
 * The difference of two means that were not measured together, such as of two runs. Nothing cancels out, so
 * the spread of both sides is in the interval.
 */
import { type MeanInterval, meanOf, type RoundValue } from './mean-interval.ts';

/** What one side measured: the rounds of each of its runs. */
export type SideRounds = readonly (readonly RoundValue[])[];

/**
 * The mean of a side. With several runs, a run is one sample: nights differ by more than rounds, and rounds
 * of one night must not pass for independent ones. `starts` then counts runs.
 */
export function meanOfSide(runs: SideRounds): MeanInterval {
  const measured = runs.filter(rounds => rounds.length > 0);
  if (measured.length === 1) return meanOf(measured[0]!);
  return meanOf(measured.map((rounds, run) => ({ start: run, value: meanOf(rounds).value })));
}

/**
 * The mean of `b` less that of `a`, with Welch's standard error. A single run beside a side of several is one
 * more sample from them: its own rounds cannot tell how much nights differ, so the spread of the others is
 * taken. `degreesOfFreedom` is rounded down, which widens the interval.
 */
export function differenceOfMeans(a: SideRounds, b: SideRounds): MeanInterval {
  const [meanA, meanB] = [meanOfSide(a), meanOfSide(b)];
  const [runsA, runsB] = [a, b].map(runs => runs.filter(rounds => rounds.length > 0).length) as [
    number,
    number,
  ];
  const [errorA, errorB] = [errorOf(meanA), errorOf(meanB)];
  const found = {
    value: meanB.value - meanA.value,
    rounds: meanA.rounds + meanB.rounds,
    starts: meanA.starts + meanB.starts,
  };
  if (runsA === 1 && runsB > 1) return { ...found, ...oneAmong(errorB, runsB) };
  if (runsB === 1 && runsA > 1) return { ...found, ...oneAmong(errorA, runsA) };
  return { ...found, ...welch(errorA, errorB) };
}

interface SquaredError {
  /** Of the mean, squared. */
  readonly squared: number;
  readonly degreesOfFreedom: number;
}

type ErrorOfDifference = Pick<MeanInterval, 'standardError' | 'degreesOfFreedom'>;

function errorOf({ standardError, degreesOfFreedom }: MeanInterval): SquaredError | undefined {
  return standardError === undefined ? undefined : { squared: standardError ** 2, degreesOfFreedom };
}

const UNKNOWN: ErrorOfDifference = { standardError: undefined, degreesOfFreedom: 0 };

/** One sample beside the mean of `runs` samples of the same spread. */
function oneAmong(others: SquaredError | undefined, runs: number): ErrorOfDifference {
  if (others === undefined) return UNKNOWN;
  return {
    standardError: Math.sqrt(others.squared * (runs + 1)),
    degreesOfFreedom: others.degreesOfFreedom,
  };
}

/** @see Welch, The significance of the difference between two means (1938) */
function welch(a: SquaredError | undefined, b: SquaredError | undefined): ErrorOfDifference {
  if (a === undefined || b === undefined) return UNKNOWN;
  const total = a.squared + b.squared;
  if (total === 0) return { standardError: 0, degreesOfFreedom: a.degreesOfFreedom + b.degreesOfFreedom };
  const parts = [a, b].map(({ squared, degreesOfFreedom }) => (squared / total) ** 2 / degreesOfFreedom);
  return { standardError: Math.sqrt(total), degreesOfFreedom: Math.floor(1 / (parts[0]! + parts[1]!)) };
}
