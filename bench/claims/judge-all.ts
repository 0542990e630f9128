/** Judges claims on one result. No verdict depends on which other claims were asked for. */
import type { Claim as JudgedClaim, Result } from '../../results/schema.ts';
import type { Claim } from './claim.ts';
import { Evidence } from './evidence.ts';

export function judgeAll(claims: readonly Claim[], result: Evidence['result']): JudgedClaim[] {
  const evidence = new Evidence(result);
  return claims.map((claim): JudgedClaim => {
    const { evidence: ids, exact = [], warnings = [], ...judgement } = claim.judge(evidence);
    const { id, title, source, hypothesis, metric, unit, control } = claim;
    return {
      ...{ id, title, source, hypothesis, metric, unit, control },
      ...judgement,
      evidence: [...ids],
      exact: [...exact],
      ...(judgement.verdict === 'fails' && claim.knownFailure !== undefined && { known: claim.knownFailure }),
      warnings: [...warnings, ...outgrown(claim, judgement.verdict)],
    };
  });
}

/** A known failure that no longer fails must not hide a later one. */
function outgrown(claim: Claim, verdict: JudgedClaim['verdict']): string[] {
  return verdict === 'holds' && claim.knownFailure !== undefined
    ? ['this claim is listed as a known failure and holds: take it off that list']
    : [];
}

/** Judges a result again: measurements stay, verdicts are replaced. */
export function rejudge(claims: readonly Claim[], result: Result): Result {
  const ids = new Set(result.claims.map(({ id }) => id));
  return {
    ...result,
    claims: judgeAll(
      claims.filter(({ id }) => ids.has(id)),
      { ...result, suite: result.run.suite },
    ),
  };
}
