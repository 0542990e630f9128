/**
 * Proposes shorter and shorter lists, leaving out larger parts first. The answer to each proposal is whether
 * it still fails. Returns the shortest list that does.
 *
 * @see Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002)
 */
export function* shorterLists<T>(failing: readonly T[]): Generator<readonly T[], readonly T[], boolean> {
  let best = failing;
  let parts = 2;
  while (best.length > 1) {
    const chunks = split(best, Math.min(parts, best.length));
    const finest = parts >= best.length;
    let shorter: readonly T[] | undefined;
    for (const left of chunks.keys()) {
      const rest = chunks.filter((_chunk, at) => at !== left).flat();
      if (!(yield rest)) continue;
      shorter = rest;
      break;
    }
    if (shorter !== undefined) {
      best = shorter;
      parts = Math.max(2, parts - 1);
    } else if (!finest) parts *= 2;
    else break;
  }
  return best.length === 1 && (yield []) ? [] : best;
}

/**
 * The shortest list found that still fails.
 *
 * @param fails whether a shorter list still fails; it may say no for want of time
 */
export function shortestFailing<T>(
  failing: readonly T[],
  fails: (items: readonly T[]) => boolean,
): readonly T[] {
  const search = shorterLists(failing);
  let step = search.next();
  while (!step.done) step = search.next(fails(step.value));
  return step.value;
}

function split<T>(items: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, at) =>
    items.slice(Math.floor((at * items.length) / parts), Math.floor(((at + 1) * items.length) / parts)),
  );
}
