/**
 * Converts estimates to the form of `result.json`. JSON has no infinity, so an open end is null, and so is
 * the median of no samples.
 */
import type { Estimate as PublishedEstimate, Summary } from '../../results/schema.ts';
import { CONFIDENCE, type Estimate } from './estimate.ts';

export function summaryOf(estimate: Estimate, warnings: readonly string[]): Summary {
  const { value, n } = estimate;
  return { median: finite(value), n, ...intervalOf(estimate), warnings: [...warnings] };
}

/** Undefined when there is no number to publish: no samples, or a ratio to zero. */
export function publishedEstimate(estimate: Estimate, unit: string): PublishedEstimate | undefined {
  const { value, n } = estimate;
  return Number.isFinite(value) ? { value, n, unit, ...intervalOf(estimate) } : undefined;
}

function intervalOf({ low, high, confidence }: Estimate): Pick<Summary, 'low' | 'high' | 'confidence'> {
  const interval = { low: finite(low), high: finite(high) };
  const isOpen = interval.low === null && interval.high === null;
  return isOpen || confidence === CONFIDENCE ? interval : { ...interval, confidence };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
