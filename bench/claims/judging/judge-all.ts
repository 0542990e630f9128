/** Judges claims on one result. No verdict depends on which other claims were asked for. */
import { whyBusy } from '../../../results/busy-machine.ts';
import type { Claim as JudgedClaim, Result } from '../../../results/schema.ts';
import type { Claim, Judgement } from '../claim.ts';
import { Evidence } from './evidence.ts';

export function judgeAll(claims: readonly Claim[], result: Evidence['result']): JudgedClaim[] {
  const evidence = new Evidence(result);
  return claims.map((claim): JudgedClaim => {
    const {
      evidence: ids,
      exact = [],
      warnings = [],
      isCounted: _,
      ...judgement
    } = judgedHere(claim, evidence);
    const { id, title, source, hypothesis, metric, unit, control } = claim;
    const known = knownFailure(claim, evidence);
    return {
      ...{ id, title, source, hypothesis, metric, unit, control },
      ...judgement,
      evidence: [...ids],
      exact: [...exact],
      ...(judgement.verdict === 'fails' && known !== undefined && { known }),
      warnings: [...warnings, ...outgrown(known, judgement.verdict)],
    };
  });
}

/**
 * Times that were measured on a busy machine describe the machine, so timed claims are void. Counts remain
 * valid.
 */
function judgedHere(claim: Claim, evidence: Evidence): Judgement {
  const judgement = claim.judge(evidence);
  const isTimed = claim.rule !== undefined && judgement.isCounted === undefined;
  const busy = isTimed && isDecided(judgement) ? whyBusy(evidence.result) : undefined;
  if (busy === undefined) return judgement;
  const reason = `${busy.charAt(0).toUpperCase()}${busy.slice(1)}. ${judgement.reason}`;
  return { ...judgement, verdict: 'void', reason };
}

function isDecided({ verdict }: Judgement): boolean {
  return verdict === 'holds' || verdict === 'fails';
}

function knownFailure(claim: Claim, { result }: Evidence): string | undefined {
  const { implementation } = result.environment.server;
  return claim.knownFailureOf?.includes(implementation) === false ? undefined : claim.knownFailure;
}

/** A known failure that no longer fails must not hide a later one. */
function outgrown(known: string | undefined, verdict: JudgedClaim['verdict']): string[] {
  return verdict === 'holds' && known !== undefined
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
      { ...result, suite: referenceOf(result) },
    ),
  };
}

/** How a command names the suite of a stored run: its path, if it is not one of the project. */
function referenceOf({ inputs, run }: Result): string {
  const { suite } = inputs ?? {};
  const reference = typeof suite === 'object' && suite !== null && 'reference' in suite && suite.reference;
  return typeof reference === 'string' ? reference : run.suite;
}
