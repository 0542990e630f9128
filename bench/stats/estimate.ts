/** The result of every function in this folder: a value with its interval, its n and its warnings. */
export interface Estimate {
  value: number;
  /** Lower end of the interval; infinite when the sample is too small to bound that side. */
  low: number;
  high: number;
  /** 0.95 is 95 %. The real coverage may be higher, but not lower, unless a warning says so. */
  confidence: number;
  n: number;
  warnings: Warning[];
}

export const warnings = {
  EMPTY: 'there are no samples',
  UNBOUNDED: 'too few samples for an interval: it is open',
  FEW: 'fewer than 10 samples: enough to look, too few to publish',
  NOT_PAIRED: 'the series have different lengths: only the common rounds were used',
  NO_RATIO: 'rounds in which both values are zero, or one is negative, have no ratio: they were left out',
} as const;
export type Warning = keyof typeof warnings;

/** Confidence of an interval unless another one is given. */
export const CONFIDENCE = 0.95;

/** With fewer samples a comparison is not fit for publication. */
export const PUBLISHED_N_MIN = 10;
