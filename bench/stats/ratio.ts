import type { Estimate, Warning } from './estimate.ts';
import { median } from './summary.ts';

/**
 * The ratio of `b` to `a`, from interleaved rounds (A B A B). Round i gives b[i] / a[i], which cancels what
 * the machine did to both. The median of these ratios gets an interval by the sign test (order statistics). A
 * round in which one side did nothing counts as 0 or infinity, because leaving it out would flatter the side
 * that had an outage.
 */
export function pairedRatio(a: readonly number[], b: readonly number[]): Estimate {
  const { ratios, found } = ratiosOf(a, b);
  const estimate = median(ratios);
  return { ...estimate, warnings: [...found, ...estimate.warnings] };
}

/** b[i] / a[i] of the rounds that have a ratio, and what had to be left out. */
function ratiosOf(a: readonly number[], b: readonly number[]): { ratios: number[]; found: Warning[] } {
  const rounds = Math.min(a.length, b.length);
  const found: Warning[] = a.length === b.length ? [] : ['NOT_PAIRED'];
  const ratios: number[] = [];
  for (let i = 0; i < rounds; i++)
    if (a[i]! >= 0 && b[i]! >= 0 && a[i]! + b[i]! > 0) ratios.push(b[i]! / a[i]!);
  if (ratios.length < rounds) found.push('NO_RATIO');
  return { ratios, found };
}
