/**
 * Holm's step-down correction. It adjusts p-values so that, compared with one level, the probability of even
 * one false alarm among them stays below that level. The order is kept.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((i, j) => ps[i]! - ps[j]!);
  const adjusted = new Array<number>(ps.length);
  let highest = 0;
  order.forEach((index, position) => {
    highest = Math.max(highest, Math.min(1, ps[index]! * (ps.length - position)));
    adjusted[index] = highest;
  });
  return adjusted;
}
