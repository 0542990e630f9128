import type { Claim, Judgement, Result, Verdict } from './schema.ts';

export const EXIT_CODES = { holds: 0, failed: 1, usage: 2, void: 3 } as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Worst first, which is the order in which a person should read them. */
export const WORST_FIRST = ['fails', 'void', 'not shown here', 'holds'] as const satisfies readonly Verdict[];

/** Claims worst first; within a verdict in their original order. */
export function worstFirst<T extends Pick<Claim, 'verdict'>>(claims: readonly T[]): T[] {
  return WORST_FIRST.flatMap(verdict => claims.filter(claim => claim.verdict === verdict));
}

/** Judgements of checkers, worst first. */
export const DOUBTFUL_FIRST = [
  'invalid',
  'unknown',
  'valid',
] as const satisfies readonly Judgement['valid'][];

export function mostDoubtfulFirst<T extends Pick<Judgement, 'valid'>>(judgements: readonly T[]): T[] {
  return DOUBTFUL_FIRST.flatMap(valid => judgements.filter(each => each.valid === valid));
}

export function countVerdicts(claims: readonly Pick<Claim, 'verdict'>[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { holds: 0, fails: 0, 'not shown here': 0, void: 0 };
  for (const claim of claims) counts[claim.verdict] += 1;
  return counts;
}

/**
 * The exit code of a run. A void run proves nothing, so its failures do not count either: 3 comes before 1. A
 * run that judged nothing is void, and so is an interrupted one, because it has not shown everything that it
 * should. Something that was asked for and not measured makes the run void unless a claim failed. Neither
 * "not shown here" nor a known failure fails a run: the code reports only new failures.
 */
export function exitCodeOf(result: Pick<Result, 'claims' | 'validity' | 'judgements'>): ExitCode {
  const { validity, claims, judgements = [] } = result;
  const isEmpty = claims.length + judgements.length === 0;
  if (validity.void || validity.interrupted !== undefined || isEmpty) return EXIT_CODES.void;
  const failed =
    claims.some(claim => claim.verdict === 'fails' && claim.known === undefined) ||
    judgements.some(({ valid }) => valid === 'invalid');
  if (failed) return EXIT_CODES.failed;
  const isUnclear =
    validity.unmeasured !== undefined ||
    countVerdicts(claims).void > 0 ||
    judgements.some(({ valid }) => valid === 'unknown');
  return isUnclear ? EXIT_CODES.void : EXIT_CODES.holds;
}
