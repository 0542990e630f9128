import { normalCdf } from './distributions.ts';
import { PUBLISHED_N_MIN, type Warning } from './estimate.ts';
import { middleOf } from './summary.ts';

export interface MannWhitney {
  /** How often a value of `a` is above one of `b`, ties counting half. */
  u: number;
  /** u / (nA nB): the chance that a random `a` is above a random `b`. 0.5 is no difference. */
  superiority: number;
  /** Hodges-Lehmann: the median of all differences a - b, and its interval. */
  shift: { value: number; low: number; high: number; confidence: number };
  /** Two-sided. */
  p: number;
  method: 'exact' | 'normal';
  nA: number;
  nB: number;
  warnings: Warning[];
}

/** Up to this nA * nB the distribution of U is counted out. */
const EXACT_PAIRS_MAX = 2_500;

/**
 * Mann-Whitney U: do values of `a` tend to be above or below those of `b`? Exact for small samples without ties,
 * else the normal approximation with corrections for ties and continuity. Samples must be independent.
 */
export function mannWhitney(a: readonly number[], b: readonly number[], confidence = 0.95): MannWhitney {
  const [nA, nB] = [a.length, b.length];
  const found: Warning[] = [];
  if (nA === 0 || nB === 0) {
    const shift = { value: Number.NaN, low: -Infinity, high: Infinity, confidence };
    return {
      u: Number.NaN,
      superiority: Number.NaN,
      shift,
      p: 1,
      method: 'exact',
      nA,
      nB,
      warnings: ['EMPTY'],
    };
  }
  if (Math.min(nA, nB) < PUBLISHED_N_MIN) found.push('FEW');
  const { u, tieTerm } = countU(a, b);
  const exact = tieTerm === 0 && nA * nB <= EXACT_PAIRS_MAX;
  if (tieTerm > 0) found.push('TIES');
  if (!exact) found.push('APPROXIMATE');
  if (2 / binomial(nA + nB, nA) > 1 - confidence) found.push('CANNOT_REACH');
  const p = exact ? exactP(u, nA, nB) : normalP(u, nA, nB, tieTerm);
  const shift = hodgesLehmann(a, b, confidence);
  return {
    u,
    superiority: u / (nA * nB),
    shift,
    p,
    method: exact ? 'exact' : 'normal',
    nA,
    nB,
    warnings: found,
  };
}

function countU(a: readonly number[], b: readonly number[]): { u: number; tieTerm: number } {
  const all = [...a.map(value => ({ value, ofA: true })), ...b.map(value => ({ value, ofA: false }))];
  all.sort((x, y) => x.value - y.value);
  let rankSumA = 0;
  let tieTerm = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    let ofA = 0;
    while (end < all.length && all[end]!.value === all[start]!.value) ofA += all[end++]!.ofA ? 1 : 0;
    const tied = end - start;
    rankSumA += ofA * ((start + 1 + end) / 2);
    tieTerm += tied ** 3 - tied;
    start = end;
  }
  return { u: rankSumA - (a.length * (a.length + 1)) / 2, tieTerm };
}

function exactP(u: number, nA: number, nB: number): number {
  const counts = uCounts(nA, nB);
  const smaller = Math.min(u, nA * nB - u);
  let below = 0;
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    total += counts[i]!;
    if (i <= smaller) below += counts[i]!;
  }
  return Math.min(1, (2 * below) / total);
}

/**
 * Number of arrangements per value of U: coefficients of the Gaussian binomial, product over i of
 * (1 - q^(nB+i)) / (1 - q^i). Exact below 2^53, relative error about 1e-13 above.
 */
export function uCounts(nA: number, nB: number): Float64Array {
  const top = nA * nB;
  const counts = new Float64Array(top + 1);
  counts[0] = 1;
  for (let i = 1; i <= nA; i++) {
    for (let u = top; u >= nB + i; u--) counts[u]! -= counts[u - nB - i]!;
    for (let u = i; u <= top; u++) counts[u]! += counts[u - i]!;
  }
  return counts;
}

function normalP(u: number, nA: number, nB: number, tieTerm: number): number {
  const n = nA + nB;
  const variance = ((nA * nB) / 12) * (n + 1 - tieTerm / (n * (n - 1)));
  if (variance <= 0) return 1;
  const distance = Math.max(0, Math.abs(u - (nA * nB) / 2) - 0.5);
  return Math.min(1, 2 * normalCdf(-distance / Math.sqrt(variance)));
}

/** Differences ordered; the interval cuts off as many at each end as U's own distribution allows. */
function hodgesLehmann(a: readonly number[], b: readonly number[], confidence: number): MannWhitney['shift'] {
  const differences: number[] = [];
  for (const x of a) for (const y of b) differences.push(x - y);
  differences.sort((x, y) => x - y);
  const cut = cutOff(a.length, b.length, (1 - confidence) / 2);
  return {
    value: middleOf(differences),
    low: cut === 0 ? -Infinity : differences[cut - 1]!,
    high: cut === 0 ? Infinity : differences[differences.length - cut]!,
    confidence,
  };
}

/** The largest k with P(U < k) <= tail. */
function cutOff(nA: number, nB: number, tail: number): number {
  if (nA * nB > EXACT_PAIRS_MAX) {
    const spread = Math.sqrt((nA * nB * (nA + nB + 1)) / 12);
    let k = 0;
    while (normalCdf((k + 0.5 - (nA * nB) / 2) / spread) <= tail) k++;
    return k;
  }
  const counts = uCounts(nA, nB);
  const total = counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  let k = 0;
  while (k < counts.length && (below + counts[k]!) / total <= tail + 1e-12) below += counts[k++]!;
  return k;
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}
