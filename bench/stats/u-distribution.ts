/**
 * The exact distribution of U when nothing distinguishes the samples: every way to deal the pooled values
 * into samples of nA and nB is equally likely. Equal values are dealt like all others, so ties need no
 * approximation.
 */

/**
 * @param tied sizes of the groups of equal pooled values, in ascending order of value; all 1 without ties
 * @returns the number of ways for each 2U from 0 to 2 nA nB. Only positive numbers are added, so the relative
 * error is about 1e-13.
 */
export function twiceUCounts(tied: readonly number[], nA: number): Float64Array {
  const nB = tied.reduce((sum, size) => sum + size, 0) - nA;
  const lastTwiceU = 2 * nA * nB;
  /** Indexed by the number of values dealt to a so far, then by 2U. */
  const ways = Array.from({ length: nA + 1 }, () => new Float64Array(lastTwiceU + 1));
  ways[0]![0] = 1;
  let dealt = 0;
  for (const size of tied) {
    // Downwards, so that each group is dealt once.
    for (let inA = Math.min(nA, dealt); inA >= 0; inA--) {
      const below = dealt - inA;
      if (below > nB) continue;
      const reached = 2 * inA * below;
      for (let more = 1; more <= Math.min(size, nA - inA); more++) {
        const [from, to] = [ways[inA]!, ways[inA + more]!];
        const gain = more * (2 * below + (size - more));
        const choices = binomial(size, more);
        for (let twiceU = 0; twiceU <= reached; twiceU++) to[twiceU + gain]! += from[twiceU]! * choices;
      }
    }
    dealt += size;
  }
  return ways[nA]!;
}

export function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}
