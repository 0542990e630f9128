/**
 * Converts estimates to the form of `result.json`. JSON has no infinity, so an open end is null, and so is
 * the median of no samples.
 */
import type { Summary } from '../../results/schema.ts';
import { CONFIDENCE, type Estimate } from './estimate.ts';

export function summaryOf(estimate: Estimate, warnings: readonly string[]): Summary {
  const { value, n } = estimate;
  return { median: finite(value), n, ...intervalOf(estimate), warnings: [...warnings] };
}

function intervalOf({ low, high, confidence }: Estimate): Pick<Summary, 'low' | 'high' | 'confidence'> {
  const interval = { low: finite(low), high: finite(high) };
  const isOpen = interval.low === null && interval.high === null;
  return isOpen || confidence === CONFIDENCE ? interval : { ...interval, confidence };
}

/** JSON has no infinity. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
