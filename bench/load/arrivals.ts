/** When requests should start. This is decided in advance, whatever happens to earlier requests. */

/** Returns the next intended start, in ms after the schedule began; never goes back. */
export type Arrivals = () => number;

export type ArrivalKind = 'constant' | 'poisson';

export const RATE_PER_SECOND_MAX = 10_000_000;

/** Evenly spaced. Times are i / rate, never a running sum, so that errors do not add up. */
export function constantArrivals(ratePerSecond: number): Arrivals {
  checkRate(ratePerSecond);
  let count = 0;
  return () => (count++ * 1000) / ratePerSecond;
}

/** Independent requests of many users. Gaps are exponential, so bursts belong to the load. */
export function poissonArrivals(ratePerSecond: number, random: () => number): Arrivals {
  checkRate(ratePerSecond);
  let at = 0;
  return () => {
    at -= (Math.log(1 - random()) * 1000) / ratePerSecond;
    return at;
  };
}

export function arrivalsOf(kind: ArrivalKind, ratePerSecond: number, random: () => number): Arrivals {
  return kind === 'constant' ? constantArrivals(ratePerSecond) : poissonArrivals(ratePerSecond, random);
}

/** @throws RangeError */
export function checkRate(ratePerSecond: number): void {
  if (!(ratePerSecond > 0) || ratePerSecond > RATE_PER_SECOND_MAX)
    throw new RangeError(`rate ${ratePerSecond}/s: above 0 and up to 10,000,000 is accepted`);
}
