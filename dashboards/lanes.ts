import type { Counterexample } from '../results/schema.ts';

export interface Lane {
  readonly operation: Counterexample['operations'][number];
  readonly from: number;
  /** Infinite for an unknown outcome. */
  readonly to: number;
}

/**
 * Lays operations out by the order of their beginnings and ends, not by time: most of them are short, and it
 * is their order that matters.
 *
 * @returns lanes in the order of their beginnings, and the number of places
 */
export function lanesOf({ operations }: Counterexample): { readonly lanes: Lane[]; readonly places: number } {
  const moments = new Set(
    operations.flatMap(({ fromMs, toMs }) => (toMs === null ? [fromMs] : [fromMs, toMs])),
  );
  const place = new Map([...moments].sort((a, b) => a - b).map((ms, at) => [ms, at]));
  const lanes = operations.map(operation => {
    const { fromMs, toMs } = operation;
    return {
      operation,
      from: place.get(fromMs) ?? 0,
      to: toMs === null ? Number.POSITIVE_INFINITY : (place.get(toMs) ?? 0),
    };
  });
  return { lanes: lanes.sort((a, b) => a.from - b.from || a.to - b.to), places: moments.size };
}
