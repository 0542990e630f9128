import type { Claim, Result, Verdict } from './schema.ts';

export const EXIT_CODES = { holds: 0, failed: 1, usage: 2, void: 3 } as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Worst first: the order in which a person must read them. */
export const WORST_FIRST = ['fails', 'void', 'not shown here', 'holds'] as const satisfies readonly Verdict[];

/** Claims worst first; within a verdict in the order they were made. */
export function worstFirst<T extends Pick<Claim, 'verdict'>>(claims: readonly T[]): T[] {
  return WORST_FIRST.flatMap(verdict => claims.filter(claim => claim.verdict === verdict));
}

export function countVerdicts(claims: readonly Pick<Claim, 'verdict'>[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { holds: 0, fails: 0, 'not shown here': 0, void: 0 };
  for (const claim of claims) counts[claim.verdict] += 1;
  return counts;
}

/**
 * What a run exits with. A void run proves nothing, so its failures do not count either: 3 comes before 1. A
 * run that judged no claim is void, and so, to whoever waits for it, is one that was interrupted: it has not
 * shown all that it was to show. "not shown here" fails nothing, and neither does a failure that is known:
 * the code is for news.
 */
export function exitCodeOf(result: Pick<Result, 'claims' | 'validity'>): ExitCode {
  const { validity, claims } = result;
  if (validity.void || validity.interrupted !== undefined || claims.length === 0) return EXIT_CODES.void;
  const counts = countVerdicts(claims);
  if (claims.some(claim => claim.verdict === 'fails' && claim.known === undefined)) return EXIT_CODES.failed;
  return counts.void > 0 ? EXIT_CODES.void : EXIT_CODES.holds;
}
