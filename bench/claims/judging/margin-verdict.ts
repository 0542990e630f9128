/** Compares an interval with the margin of a claim. Everything here is on the scale of the judgement. */
import type { Verdict } from '../../../results/schema.ts';
import { detectable, intervalOf, type MeanInterval, roundsToDetect } from '../../stats/mean-interval.ts';
import type { Margin } from '../claim.ts';

/** The share of runs in which an effect that is called detectable would be shown. */
export const POWER = 0.9;

export interface Compared {
  readonly verdict: Exclude<Verdict, 'void'>;
  /** The interval that the verdict is read from: at the level for "holds", else at that of "fails". */
  readonly low: number;
  readonly high: number;
  /** Probability of an error at each end of the interval. */
  readonly tail: number;
  /** How many standard errors the mean is on the good side of the nearest bound; negative: the bad side. */
  readonly slack: number;
}

/**
 * It holds when its interval is wholly within the margin, and fails when it is wholly outside.
 *
 * @param alternatives how many comparisons share the claim. All must hold, which needs no correction; one
 * that fails is enough, so each of them may err only so many times less often.
 */
export function compareWithMargin(
  mean: MeanInterval,
  { low = -Infinity, high = Infinity }: Margin,
  level: number,
  alternatives = 1,
): Compared {
  const slack = slackOf(mean, { low, high });
  const narrow = intervalOf(mean, level);
  if (narrow.low > low && narrow.high < high) return { verdict: 'holds', ...narrow, tail: level, slack };
  const tail = level / alternatives;
  const wide = intervalOf(mean, tail);
  const isOutside = wide.high < low || wide.low > high;
  return { verdict: isOutside ? 'fails' : 'not shown here', ...wide, tail, slack };
}

function slackOf({ value, standardError = Infinity }: MeanInterval, { low, high }: Required<Margin>): number {
  const distance = Math.min(value - low, high - value);
  return distance === 0 ? 0 : distance / standardError;
}

/** What a run of this spread and size shows in nine of ten cases. */
export interface Reach {
  /** True values that come out as "holds"; undefined when there are none. */
  readonly holds: Margin | undefined;
  /** True values outside this come out as "fails"; undefined when there are none. */
  readonly fails: Margin | undefined;
  /** The rounds that would show the effect that was seen; undefined: more than 1,000. */
  readonly rounds: number | undefined;
}

/** @param tail the level of "fails" of one comparison, as in `compareWithMargin` */
export function reachOf(mean: MeanInterval, { low, high }: Margin, level: number, tail: number): Reach {
  const [toHold, toFail] = [detectable(mean, level, POWER), detectable(mean, tail, POWER)];
  const holds = {
    ...(low !== undefined && { low: low + toHold }),
    ...(high !== undefined && { high: high - toHold }),
  };
  const isEmpty = low !== undefined && high !== undefined && holds.low! >= holds.high!;
  const seen = Math.min(
    low === undefined ? Infinity : Math.abs(mean.value - low),
    high === undefined ? Infinity : Math.abs(high - mean.value),
  );
  return {
    holds: isEmpty || !Number.isFinite(toHold) ? undefined : holds,
    fails: !Number.isFinite(toFail)
      ? undefined
      : {
          ...(low !== undefined && { low: low - toFail }),
          ...(high !== undefined && { high: high + toFail }),
        },
    rounds: roundsToDetect(mean, seen, tail, POWER),
  };
}
