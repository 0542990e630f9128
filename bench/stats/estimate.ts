/**
 * What every function of this folder returns: no value without its interval, its n, and what speaks against
 * it.
 */
export interface Estimate {
  value: number;
  /** Of `confidence`; infinite where the sample is too small to bound that side. */
  low: number;
  high: number;
  /** 0.95 is 95 %. What the interval really covers may be more, never less, unless a warning says so. */
  confidence: number;
  n: number;
  warnings: Warning[];
}

export const warnings = {
  EMPTY: 'there are no samples',
  UNBOUNDED: 'too few samples for an interval: it is open',
  FEW: 'fewer than 10 samples: enough to look, too few to publish',
  APPROXIMATE: 'a normal approximation was used',
  CANNOT_REACH: 'so few samples cannot reach this significance, whatever they are',
  NOT_PAIRED: 'the series have different lengths: only the common rounds were used',
  NO_RATIO: 'rounds in which both values are zero, or one is negative, have no ratio: they were left out',
} as const;
export type Warning = keyof typeof warnings;

/** Of an interval, where nothing else is said. */
export const CONFIDENCE = 0.95;

/** Fewer than this and a comparison is not for publishing. */
export const PUBLISHED_N_MIN = 10;
