/**
 * Judges all claims on one result. Their tests are one family, so that more claims do not give more false
 * verdicts.
 */
import type { Claim as JudgedClaim, Result } from '../../results/schema.ts';
import { holm } from '../stats/holm.ts';
import type { Claim, Tests } from './claim.ts';
import { Evidence } from './evidence.ts';

export function judgeAll(claims: readonly Claim[], result: Evidence['result']): JudgedClaim[] {
  const evidence = new Evidence(result);
  const tests = claims.map(claim => claim.tests?.(evidence));
  const corrected = correct(tests);
  return claims.map((claim, index): JudgedClaim => {
    const {
      verdict,
      reason,
      estimate,
      evidence: ids,
      exact,
      warnings,
    } = claim.judge(evidence, corrected[index]);
    const { id, title, source, hypothesis, metric, unit, control } = claim;
    return {
      ...{ id, title, source, hypothesis, metric, unit, control, verdict },
      reason: reason.charAt(0).toUpperCase() + reason.slice(1),
      ...(estimate && { estimate }),
      evidence: [...ids],
      exact: [...(exact ?? [])],
      ...(verdict === 'fails' && claim.knownFailure !== undefined && { known: claim.knownFailure }),
      warnings: [...(warnings ?? []), ...outgrown(claim, verdict)],
    };
  });
}

/** A known failure that no longer fails must not hide a later one. */
function outgrown(claim: Claim, verdict: JudgedClaim['verdict']): string[] {
  return verdict === 'holds' && claim.knownFailure !== undefined
    ? ['this claim is listed as a known failure and holds: take it off that list']
    : [];
}

/**
 * There are two families. The probability of even one wrong "holds" stays below ALPHA, and so does that of
 * one wrong "fails".
 */
function correct(tests: readonly (Tests | undefined)[]): (Tests | undefined)[] {
  const known = tests.filter(each => each !== undefined);
  const holds = holm(known.map(each => each.holds));
  const fails = holm(known.map(each => each.fails));
  let next = 0;
  return tests.map(each => {
    if (each === undefined) return undefined;
    const at = next++;
    return { holds: holds[at]!, fails: fails[at]! };
  });
}

/** Judges a result again: measurements stay, verdicts are replaced. */
export function rejudge(claims: readonly Claim[], result: Result): Result {
  const ids = new Set(result.claims.map(({ id }) => id));
  return {
    ...result,
    claims: judgeAll(
      claims.filter(({ id }) => ids.has(id)),
      result,
    ),
  };
}
