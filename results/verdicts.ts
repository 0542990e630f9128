import type { Claim, Judgement, Result, Verdict } from './schema.ts';

export const EXIT_CODES = { holds: 0, failed: 1, usage: 2, void: 3 } as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** The verdict of a claim, with known failures told from new ones. */
export type Standing = Verdict | 'known failure';

export function standingOf({ verdict, known }: Pick<Claim, 'verdict' | 'known'>): Standing {
  return verdict === 'fails' && known !== undefined ? 'known failure' : verdict;
}

/** Worst first, which is the order in which a person should read them. A known failure is no news. */
export const WORST_FIRST = [
  'fails',
  'void',
  'not shown here',
  'known failure',
  'holds',
] as const satisfies readonly Standing[];

/** Claims worst first; within a standing in their original order. */
export function worstFirst<T extends Pick<Claim, 'verdict' | 'known'>>(claims: readonly T[]): T[] {
  return WORST_FIRST.flatMap(standing => claims.filter(claim => standingOf(claim) === standing));
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

export function countStandings(
  claims: readonly Pick<Claim, 'verdict' | 'known'>[],
): Record<Standing, number> {
  const counts = { holds: 0, fails: 0, 'not shown here': 0, void: 0, 'known failure': 0 };
  for (const claim of claims) counts[standingOf(claim)] += 1;
  return counts;
}

/**
 * How far the verdicts of a run are from being wrong by chance, in one sentence; undefined with fewer
 * than two timed claims. Each is judged at its own level, so together they err more often than one.
 */
export function familyText(claims: readonly Pick<Claim, 'rule'>[]): string | undefined {
  const levels = claims.flatMap(({ rule }) => (rule === undefined ? [] : [rule.level]));
  if (levels.length < 2) return undefined;
  const percent = (share: number) => `${Number((share * 100).toPrecision(2))} %`;
  const each = [...new Set(levels)].map(percent).join(' or ');
  const together = Math.min(
    1,
    levels.reduce((sum, level) => sum + level, 0),
  );
  return (
    `Each of the ${levels.length} timed claims is judged by itself, at a level of ${each}: even if all of them lay exactly at their margins, ` +
    `at most ${percent(together)} of such runs would have a wrong “holds” among them, and as many a wrong “fails”.`
  );
}

/**
 * The exit code of a run. A void run proves nothing, so its failures do not count either: 3 comes before 1. A
 * run that judged nothing is void, and so is an interrupted one, because it has not shown everything that it
 * should. Something that was asked for and not measured makes the run void unless a claim failed. Neither
 * "not shown here" nor a known failure fails a run: the code reports only new failures. A matrix judges
 * nothing, so one that was measured never fails.
 */
export function exitCodeOf(result: Pick<Result, 'claims' | 'validity' | 'judgements' | 'matrix'>): ExitCode {
  const { validity, claims, judgements = [], matrix } = result;
  const isEmpty = claims.length + judgements.length === 0 && matrix === undefined;
  if (validity.void || validity.interrupted !== undefined || isEmpty) return EXIT_CODES.void;
  const counts = countStandings(claims);
  if (counts.fails > 0 || judgements.some(({ valid }) => valid === 'invalid')) return EXIT_CODES.failed;
  const isUnclear =
    validity.unmeasured !== undefined ||
    counts.void > 0 ||
    judgements.some(({ valid }) => valid === 'unknown');
  return isUnclear ? EXIT_CODES.void : EXIT_CODES.holds;
}
