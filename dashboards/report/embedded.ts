import type { Result } from '../../results/schema.ts';
import type { PercentileCurve } from './percentiles.ts';

/** The JSON in a report for its script: the whole result, and the curves decoded from its histograms. */
export interface EmbeddedData {
  readonly result: Result;
  readonly curves: readonly PercentileCurve[];
}
