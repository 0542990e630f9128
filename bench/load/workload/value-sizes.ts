/** How large values are: one size, or a distribution, from which a table is made before any clock runs. */
import { normalCdf, seededRandom } from '../../stats/distributions.ts';

export type ValueSizes =
  | number
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  /** Half of the values are larger than `median`. `sigma` is that of the logarithm; `max` cuts the tail. */
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number; readonly max: number };

/** A megabyte is jute.maxbuffer; the rest is room for the path and the ACL. */
export const VALUE_BYTES_MAX = 1_000_000;
export const SIGMA_MAX = 5;
/** Quantiles of a distribution: each value is one of so many sizes. */
const SIZES = 256;

/** @throws RangeError naming the setting and what is accepted */
export function checkValueSizes(sizes: ValueSizes): void {
  if (typeof sizes === 'number') {
    if (!isSize(sizes)) throw sizeError('valueBytes', sizes);
    return;
  }
  for (const [name, value] of Object.entries(sizes))
    if (['min', 'max', 'median'].includes(name) && !isSize(value))
      throw sizeError(`valueBytes.${name}`, value);
  if (sizes.kind === 'uniform' && sizes.min > sizes.max)
    throw new RangeError(`valueBytes.min ${sizes.min}: at most max, which is ${sizes.max}, is accepted`);
  if (sizes.kind !== 'lognormal') return;
  const { median, sigma, max } = sizes;
  if (median < 1 || median > max)
    throw new RangeError(`valueBytes.median ${median}: 1 to max, which is ${max}, is accepted`);
  if (!(sigma >= 0 && sigma <= SIGMA_MAX))
    throw new RangeError(`valueBytes.sigma ${sigma}: 0 to ${SIGMA_MAX} is accepted`);
}

function isSize(bytes: unknown): boolean {
  return Number.isInteger(bytes) && (bytes as number) >= 0 && (bytes as number) <= VALUE_BYTES_MAX;
}

function sizeError(name: string, value: unknown): RangeError {
  return new RangeError(`${name} ${value}: 0 to 1,000,000 is accepted (jute.maxbuffer)`);
}

export function largestValueBytes(sizes: ValueSizes): number {
  return typeof sizes === 'number' ? sizes : sizes.max;
}

/** Values of the sizes, each as likely as the others. They share one block of random bytes. */
export function valuesOf(sizes: ValueSizes, seed: number): readonly Buffer[] {
  checkValueSizes(sizes);
  const random = seededRandom(seed);
  const block = Buffer.allocUnsafe(largestValueBytes(sizes));
  for (let at = 0; at < block.length; at++) block[at] = Math.floor(random() * 256);
  if (typeof sizes === 'number') return [block];
  return Array.from({ length: SIZES }, (_, i) => block.subarray(0, sizeAt(sizes, (i + 0.5) / SIZES)));
}

function sizeAt(sizes: Exclude<ValueSizes, number>, quantile: number): number {
  if (sizes.kind === 'uniform') return sizes.min + Math.floor(quantile * (sizes.max - sizes.min + 1));
  const { median, sigma, max } = sizes;
  return Math.min(max, Math.round(median * Math.exp(sigma * normalQuantile(quantile))));
}

/** By bisection: it is called a few hundred times in all. */
function normalQuantile(probability: number): number {
  let low = -10;
  let high = 10;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
}
