/**
 * Holm's step-down correction: p-values adjusted so that, read against one level, the chance of even one
 * false alarm among them all stays below that level. In the order given.
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
