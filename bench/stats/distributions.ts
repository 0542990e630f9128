/**
 * The few distribution functions that this folder needs. Their accuracy is stated, and tested against tables.
 */

/**
 * Probability that a standard normal variable is below z. The relative error is below 1e-15 in the body and
 * 1e-12 in the tails.
 */
export function normalCdf(z: number): number {
  return z < 0 ? upperTail(-z) : 1 - upperTail(z);
}

/** Hart's rational approximation as given by West (2005), double precision. */
function upperTail(z: number): number {
  if (z > 37) return 0;
  const exponential = Math.exp((-z * z) / 2);
  if (z >= 7.07106781186547) {
    const fraction = z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65))));
    return exponential / fraction / 2.506628274631;
  }
  return (exponential * polynomial(NUMERATOR, z)) / polynomial(DENOMINATOR, z);
}

const NUMERATOR = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
  221.213596169931, 220.206867912376,
];
const DENOMINATOR = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
  637.333633378831, 793.826512519948, 440.413735824752,
];

/** Coefficients from the highest power down. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/** Probabilities of 0 to n heads in n fair coin tosses. They sum to 1 within 1e-12 for n up to 1000. */
export function fairBinomial(n: number): Float64Array {
  const chances = new Float64Array(n + 1);
  let logChance = -n * Math.LN2;
  for (let k = 0; k <= n; k++) {
    chances[k] = Math.exp(logChance);
    logChance += Math.log((n - k) / (k + 1));
  }
  return chances;
}

/** A seeded generator (mulberry32): equal seeds, equal numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
