import { fairBinomial } from './distributions.ts';
import { CONFIDENCE, type Estimate, PUBLISHED_N_MIN, type Warning } from './estimate.ts';

/**
 * Below this, even the interval from the least to the greatest sample covers the median too rarely to be
 * shown.
 */
const COVERAGE_MIN = 0.9;

/** 95 %, or the coverage of the widest interval of so few samples: 93.75 % for five. */
function confidenceOf(n: number): number {
  return Math.min(CONFIDENCE, Math.max(COVERAGE_MIN, 1 - 2 ** (1 - n)));
}

/**
 * The median with an interval from order statistics: the k-th smallest and k-th largest sample, where k is
 * the largest that a fair coin allows. It assumes nothing about the distribution, only that samples are
 * independent. With fewer than 5 samples the interval is open.
 */
export function median(samples: readonly number[], confidence = confidenceOf(samples.length)): Estimate {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  const found: Warning[] = n === 0 ? ['EMPTY'] : n < PUBLISHED_N_MIN ? ['FEW'] : [];
  if (n === 0) return { value: Number.NaN, low: -Infinity, high: Infinity, confidence, n, warnings: found };
  const rank = medianIntervalRank(n, confidence);
  if (rank === 0) found.push('UNBOUNDED');
  return {
    value: middleOf(sorted),
    low: rank === 0 ? -Infinity : sorted[rank - 1]!,
    high: rank === 0 ? Infinity : sorted[n - rank]!,
    confidence,
    n,
    warnings: found,
  };
}

/** The largest k with P(fewer than k heads in n tosses) <= (1 - confidence) / 2; 0 when there is none. */
export function medianIntervalRank(n: number, confidence: number): number {
  const tail = (1 - confidence) / 2 + 1e-12;
  const chances = fairBinomial(n);
  let below = 0;
  let rank = 0;
  while (rank < n && below + chances[rank]! <= tail) below += chances[rank++]!;
  return rank;
}

/** @param sorted not empty, ascending */
export function middleOf(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
