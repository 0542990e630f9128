/**
 * The shortest list found that still fails: parts are left out, larger ones first, for as long as something
 * can be.
 *
 * @param fails whether a shorter list still fails; it may say no for want of time
 * @see Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002)
 */
export function shortestFailing<T>(
  failing: readonly T[],
  fails: (items: readonly T[]) => boolean,
): readonly T[] {
  let best = failing;
  let parts = 2;
  while (best.length > 1) {
    const chunks = split(best, Math.min(parts, best.length));
    const finest = parts >= best.length;
    const shorter = chunks.map((_, left) => chunks.filter((_chunk, at) => at !== left).flat()).find(fails);
    if (shorter !== undefined) {
      best = shorter;
      parts = Math.max(2, parts - 1);
    } else if (!finest) parts *= 2;
    else break;
  }
  return best.length === 1 && fails([]) ? [] : best;
}

function split<T>(items: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, at) =>
    items.slice(Math.floor((at * items.length) / parts), Math.floor(((at + 1) * items.length) / parts)),
  );
}
