/**
 * The mean of what rounds gave, with Student's interval. A round belongs to a start: the fresh ensemble that
 * it was measured on. Starts differ (which member leads, how warm the code is), so with several starts the
 * means of the starts are the sample, and what varies within a start does not count twice.
 */
import { studentQuantile } from './student.ts';

export interface RoundValue {
  readonly start: number;
  readonly value: number;
}

export interface MeanInterval {
  readonly value: number;
  /** Standard error of `value`; undefined when there is nothing to estimate it from. */
  readonly standardError: number | undefined;
  /** Starts or, with one start, rounds, less one. */
  readonly degreesOfFreedom: number;
  readonly rounds: number;
  readonly starts: number;
}

export function meanOf(rounds: readonly RoundValue[]): MeanInterval {
  const byStart = new Map<number, number[]>();
  for (const { start, value } of rounds) byStart.set(start, [...(byStart.get(start) ?? []), value]);
  const starts = byStart.size;
  const sample = starts > 1 ? [...byStart.values()].map(mean) : rounds.map(({ value }) => value);
  return {
    value: mean(sample),
    standardError: sample.length < 2 ? undefined : deviation(sample) / Math.sqrt(sample.length),
    degreesOfFreedom: Math.max(0, sample.length - 1),
    rounds: rounds.length,
    starts,
  };
}

/** @param tail the probability with which the true mean is beyond one end, and the same for the other */
export function intervalOf(
  { value, standardError, degreesOfFreedom }: MeanInterval,
  tail: number,
): { readonly low: number; readonly high: number } {
  if (standardError === undefined) return { low: -Infinity, high: Infinity };
  const reach = standardError === 0 ? 0 : standardError * studentQuantile(1 - tail, degreesOfFreedom);
  return { low: value - reach, high: value + reach };
}

/**
 * How far the true mean must be from a bound for a sample of this spread to show it in `power` of all runs,
 * when one run in 1 / tail may err. Standard approximation by two quantiles; Infinity when nothing is known.
 */
export function detectable({ standardError, degreesOfFreedom }: MeanInterval, tail: number, power: number) {
  if (standardError === undefined) return Infinity;
  return (
    standardError * (studentQuantile(1 - tail, degreesOfFreedom) + studentQuantile(power, degreesOfFreedom))
  );
}

/** A run of more rounds than this is no advice. */
const ROUNDS_MAX = 1_000;

/**
 * The rounds, in as many starts for each as here, with which `distance` would be detectable at this spread;
 * undefined when these are more than 1,000 or nothing is known about the spread.
 */
export function roundsToDetect(
  found: MeanInterval,
  distance: number,
  tail: number,
  power: number,
): number | undefined {
  const { standardError, degreesOfFreedom, rounds, starts } = found;
  if (standardError === undefined || !(distance > 0)) return undefined;
  const units = degreesOfFreedom + 1;
  const roundsPerUnit = starts > 1 ? rounds / starts : 1;
  const isEnough = (n: number) => {
    const error = standardError * Math.sqrt(units / n);
    return detectable({ ...found, standardError: error, degreesOfFreedom: n - 1 }, tail, power) <= distance;
  };
  let [tooFew, enough] = [2, Math.floor(ROUNDS_MAX / roundsPerUnit)];
  if (!isEnough(enough)) return undefined;
  while (enough - tooFew > 1) {
    const middle = (tooFew + enough) >> 1;
    if (isEnough(middle)) enough = middle;
    else tooFew = middle;
  }
  return Math.ceil(enough * roundsPerUnit);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
