/** Finds the first bad one of a list whose last is bad, with as few tests as it can. */

export type Tested = 'good' | 'bad' | 'untestable';

export interface FirstBad<T> {
  readonly bad: T;
  /** Could not be tested, and may be the first bad one instead. */
  readonly suspects: readonly T[];
}

/** @param items oldest first; what came before the first is good, and the last is bad */
export async function firstBad<T>(
  items: readonly T[],
  test: (item: T) => Promise<Tested>,
): Promise<FirstBad<T>> {
  const untestable = new Set<number>();
  let good = -1;
  let bad = items.length - 1;
  for (;;) {
    const middle = (good + bad) / 2;
    const [next] = Array.from({ length: bad - good - 1 }, (_, at) => good + 1 + at)
      .filter(at => !untestable.has(at))
      .sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    if (next === undefined) break;
    const tested = await test(items[next]!);
    if (tested === 'good') good = next;
    else if (tested === 'bad') bad = next;
    else untestable.add(next);
  }
  return { bad: items[bad]!, suspects: items.slice(good + 1, bad) };
}
