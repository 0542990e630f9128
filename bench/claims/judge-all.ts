/** All claims over one result: their tests are one family, so that more claims do not mean more false ones. */
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
      warnings: [...(warnings ?? [])],
    };
  });
}

/**
 * A claim and its opposite cannot both be shown, and only what points the data's way is ever asked: so each claim
 * enters the family once, with the smaller of its two p-values doubled.
 */
function correct(tests: readonly (Tests | undefined)[]): (Tests | undefined)[] {
  const known = tests.filter(each => each !== undefined);
  const adjusted = holm(known.map(({ holds, fails }) => Math.min(1, 2 * Math.min(holds, fails))));
  let next = 0;
  return tests.map(each => {
    if (each === undefined) return undefined;
    const p = adjusted[next++]!;
    return each.holds <= each.fails ? { holds: p, fails: 1 } : { holds: 1, fails: p };
  });
}

/** What is judged again: measurements stay, verdicts are made anew. */
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
