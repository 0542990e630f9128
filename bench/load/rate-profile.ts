/** A rate that changes over time, and when requests start under it. */
import type { ArrivalKind, Arrivals } from './arrivals.ts';

/** The rate goes in a straight line from one value to the other. They are equal in a step. */
export interface RateSegment {
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  readonly forMs: number;
}

/**
 * Request k starts when the rate, summed up from the beginning, reaches k (constant) or the k-th point of a
 * Poisson process of rate 1 (Poisson). The last rate holds after the last segment.
 *
 * @see Cinlar, Introduction to Stochastic Processes (1975)
 */
export function profileArrivals(
  segments: readonly RateSegment[],
  kind: ArrivalKind,
  random: () => number,
): Arrivals {
  const last = segments.at(-1);
  if (last === undefined) throw new RangeError('a rate profile without segments: at least one is accepted');
  let current = 0;
  /** When the current segment began, and how many requests are due before it. */
  let beganMs = 0;
  let dueBefore = 0;
  let due = 0;
  let isFirst = true;
  return () => {
    if (kind === 'poisson') due -= Math.log(1 - random());
    else if (!isFirst) due++;
    isFirst = false;
    for (; current < segments.length; current++) {
      const segment = segments[current]!;
      const dueIn = requestsIn(segment);
      if (due - dueBefore < dueIn) return beganMs + timeInMs(segment, due - dueBefore);
      dueBefore += dueIn;
      beganMs += segment.forMs;
    }
    return beganMs + ((due - dueBefore) * 1000) / last.toPerSecond;
  };
}

/** Length of all segments. */
export function profileMs(segments: readonly RateSegment[]): number {
  return segments.reduce((sum, { forMs }) => sum + forMs, 0);
}

function requestsIn({ fromPerSecond, toPerSecond, forMs }: RateSegment): number {
  return ((fromPerSecond + toPerSecond) / 2) * (forMs / 1000);
}

/**
 * When `count` requests are due, from the begin of the segment: the root of a quadratic equation, in the form
 * that is exact for equal rates too.
 */
function timeInMs({ fromPerSecond, toPerSecond, forMs }: RateSegment, count: number): number {
  const slope = (toPerSecond - fromPerSecond) / (forMs / 1000);
  return (2_000 * count) / (fromPerSecond + Math.sqrt(fromPerSecond ** 2 + 2 * slope * count));
}
