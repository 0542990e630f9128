/**
 * Student's t distribution for whole degrees of freedom. There the distribution function is a finite sum of
 * elementary terms (Abramowitz and Stegun 26.7.3 and 26.7.4), so nothing is approximated. Tested against
 * published quantiles to 1e-9.
 */

/** Probability that a t variable with `df` degrees of freedom is below `t`. */
export function studentCdf(t: number, df: number): number {
  return 0.5 + Math.sign(t) * (probabilityWithin(Math.abs(t), df) / 2);
}

/** Probability of a value between -t and t. */
function probabilityWithin(t: number, df: number): number {
  const angle = Math.atan(t / Math.sqrt(df));
  const cosine = Math.cos(angle);
  let term = df % 2 === 1 ? cosine : 1;
  let sum = df === 1 ? 0 : term;
  for (let k = df % 2 === 1 ? 3 : 2; k <= df - 2; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    sum += term;
  }
  if (df % 2 === 0) return Math.sin(angle) * sum;
  return (2 / Math.PI) * (angle + Math.sin(angle) * sum);
}

/** Beyond this the quantiles of one degree of freedom lose digits, and no interval would be of use. */
const TAIL_MIN = 1e-6;

/**
 * The value below which a t variable is with probability `p`. @throws RangeError when `df` is no whole number
 * from 1 on, or `p` is closer to 0 or 1 than 1e-6
 */
export function studentQuantile(p: number, df: number): number {
  if (!Number.isInteger(df) || df < 1)
    throw new RangeError(`degrees of freedom ${df}: accepted are whole numbers from 1 on`);
  if (!(p >= TAIL_MIN && p <= 1 - TAIL_MIN))
    throw new RangeError(`probability ${p}: accepted are ${TAIL_MIN} to ${1 - TAIL_MIN}`);
  if (p < 0.5) return -studentQuantile(1 - p, df);
  let [low, high] = [0, 1];
  while (studentCdf(high, df) < p) [low, high] = [high, high * 2];
  // Until the two ends are neighbouring numbers.
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (studentCdf(middle, df) < p) low = middle;
    else high = middle;
  }
}
