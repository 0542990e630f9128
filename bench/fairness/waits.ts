import type { LoadResult } from '../load/load-spec.ts';

export interface Waits {
  /** ms */
  readonly p99: number;
  /** ms */
  readonly slowest: number;
}

const P99_SHARE = 0.01;

/**
 * How long the reads of a load waited. A read that was never answered, or could not be sent, has waited for
 * the whole phase.
 *
 * @param load undefined when the client did not even get a session
 */
export function waitsOf(
  load: Pick<LoadResult, 'response' | 'totals' | 'sends'> | undefined,
  wholePhaseMs: number,
): Waits {
  if (load === undefined) return { p99: wholePhaseMs, slowest: wholePhaseMs };
  const { response, totals, sends } = load;
  const lost = totals.errors + totals.unknown + sends.dropped;
  const slowest = lost > 0 ? wholePhaseMs : (response.maxUs ?? 0) / 1000;
  const manyLost = lost > (lost + totals.ok) * P99_SHARE;
  // With fewer than a thousand reads, the slowest is all that can be said.
  return { p99: manyLost || response.p99Us === undefined ? slowest : response.p99Us / 1000, slowest };
}
