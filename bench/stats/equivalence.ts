import type { Estimate } from './estimate.ts';
import { pairedRatio } from './ratio.ts';

export interface Equivalence extends Estimate {
  /** 0.1 accepts ratios from 1/1.1 to 1.1. */
  margin: number;
  /** `equivalent`: the whole interval lies within the margin. `different`: it lies wholly outside. Else not shown. */
  verdict: 'equivalent' | 'different' | 'not shown';
}

/**
 * Are two series of interleaved rounds the same for practical purposes? Two one-sided tests, carried out on the
 * interval of the paired ratio: at 5 % each they ask for a 90 % interval within the margin. The margin is
 * symmetric in ratio (1/(1+m) to 1+m), so swapping the series cannot change the verdict. That nothing was shown to
 * differ is never taken for sameness.
 */
export function equivalence(
  a: readonly number[],
  b: readonly number[],
  margin: number,
  alpha = 0.05,
): Equivalence {
  if (!(margin > 0)) throw new RangeError(`equivalence margin ${margin}: a number above 0 is accepted`);
  const ratio = pairedRatio(a, b, 1 - 2 * alpha);
  const [lowest, highest] = [1 / (1 + margin), 1 + margin];
  const inside = ratio.low >= lowest && ratio.high <= highest;
  const outside = ratio.high < lowest || ratio.low > highest;
  return { ...ratio, margin, verdict: inside ? 'equivalent' : outside ? 'different' : 'not shown' };
}
