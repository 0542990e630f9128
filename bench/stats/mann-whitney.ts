import { normalCdf } from './distributions.ts';
import { CONFIDENCE, PUBLISHED_N_MIN, type Warning } from './estimate.ts';
import { middleOf } from './summary.ts';
import { binomial, twiceUCounts } from './u-distribution.ts';

export interface MannWhitney {
  /** How often a value of `a` is above one of `b`; ties count half. */
  u: number;
  /** u / (nA nB): the probability that a random `a` is above a random `b`. 0.5 means no difference. */
  superiority: number;
  /** Hodges-Lehmann: the median of all differences a - b, and its interval. */
  shift: { value: number; low: number; high: number; confidence: number };
  /** Two-sided: the probability of a U at least as far from the middle. */
  p: number;
  method: 'exact' | 'normal';
  nA: number;
  nB: number;
  warnings: Warning[];
}

/** Up to this nA * nB the distribution of U is enumerated. */
const EXACT_PAIRS_MAX = 2_500;

/**
 * Mann-Whitney U: do values of `a` tend to be above or below those of `b`? It is exact for small samples,
 * even with ties, where the normal approximation claims more than so few values can show. For larger samples
 * it uses that approximation, corrected for ties and continuity. Samples must be independent.
 */
export function mannWhitney(
  a: readonly number[],
  b: readonly number[],
  confidence = CONFIDENCE,
): MannWhitney {
  const [nA, nB] = [a.length, b.length];
  if (nA === 0 || nB === 0) return untested(nA, nB, confidence);
  const { u, tied } = rank(a, b);
  const exact = nA * nB <= EXACT_PAIRS_MAX;
  const found: Warning[] = [];
  if (Math.min(nA, nB) < PUBLISHED_N_MIN) found.push('FEW');
  if (!exact) found.push('APPROXIMATE');
  if (leastP(nA, nB) > 1 - confidence) found.push('CANNOT_REACH');
  return {
    u,
    superiority: u / (nA * nB),
    shift: hodgesLehmann(a, b, confidence),
    p: exact ? exactP(u, tied, nA) : normalP(u, tied, nA),
    method: exact ? 'exact' : 'normal',
    nA,
    nB,
    warnings: found,
  };
}

function untested(nA: number, nB: number, confidence: number): MannWhitney {
  return {
    u: Number.NaN,
    superiority: Number.NaN,
    shift: { value: Number.NaN, low: -Infinity, high: Infinity, confidence },
    p: 1,
    method: 'exact',
    nA,
    nB,
    warnings: ['EMPTY'],
  };
}

/** U of `a`, and the sizes of the groups of equal values in both samples, in ascending order. */
function rank(a: readonly number[], b: readonly number[]): { u: number; tied: number[] } {
  const all = [...a.map(value => ({ value, ofA: true })), ...b.map(value => ({ value, ofA: false }))];
  all.sort((x, y) => x.value - y.value);
  const tied: number[] = [];
  let rankSumA = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    let ofA = 0;
    while (end < all.length && all[end]!.value === all[start]!.value) ofA += all[end++]!.ofA ? 1 : 0;
    rankSumA += ofA * ((start + 1 + end) / 2);
    tied.push(end - start);
    start = end;
  }
  return { u: rankSumA - (a.length * (a.length + 1)) / 2, tied };
}

function exactP(u: number, tied: readonly number[], nA: number): number {
  const counts = twiceUCounts(tied, nA);
  const middle = (counts.length - 1) / 2;
  const distance = Math.abs(2 * u - middle);
  let [total, asFar] = [0, 0];
  for (const [twiceU, count] of counts.entries()) {
    total += count;
    if (Math.abs(twiceU - middle) >= distance) asFar += count;
  }
  return asFar / total;
}

function normalP(u: number, tied: readonly number[], nA: number): number {
  const n = tied.reduce((sum, size) => sum + size, 0);
  const nB = n - nA;
  const ties = tied.reduce((sum, size) => sum + size ** 3 - size, 0);
  const variance = ((nA * nB) / 12) * (n + 1 - ties / (n * (n - 1)));
  if (variance <= 0) return 1;
  const spread = Math.sqrt(variance);
  const above = u - (nA * nB) / 2;
  return Math.min(1, 2 * normalCdf(-Math.max(0, Math.abs(above) - 0.5) / spread));
}

/** The ordered differences. The interval cuts off as many at each end as U's own distribution allows. */
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

/** The largest k with P(U < k) <= tail, without ties. */
function cutOff(nA: number, nB: number, tail: number): number {
  let k = 0;
  if (nA * nB > EXACT_PAIRS_MAX) {
    const spread = Math.sqrt((nA * nB * (nA + nB + 1)) / 12);
    while (normalCdf((k + 0.5 - (nA * nB) / 2) / spread) <= tail) k++;
    return k;
  }
  const counts = twiceUCounts(new Array<number>(nA + nB).fill(1), nA);
  const all = binomial(nA + nB, nA);
  let below = 0;
  while (k <= nA * nB && (below + counts[2 * k]!) / all <= tail + 1e-12) below += counts[2 * k++]!;
  return k;
}

/**
 * The least p that two samples of these sizes can reach: each value of one is above each value of the other.
 */
export function leastP(nA: number, nB: number): number {
  return 2 / binomial(nA + nB, nA);
}
