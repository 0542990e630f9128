/** What became of each claim, and of each checker, from one side to the other. */
import { CHANGES, type Change, type ComparedClaim, type ComparedVerdict } from '../../results/comparison.ts';
import type { Claim, Judgement, Verdict } from '../../results/schema.ts';
import { type Standing, standingOf } from '../../results/verdicts.ts';
import type { ComparedRun } from './compared-run.ts';
import { pooledClaim, saidBy } from './pooled-claim.ts';
import type { Side } from './side.ts';

/** The news first. */
export function verdictChanges(a: Side, b: Side): ComparedClaim[] {
  const [ofA, ofB] = [verdictsOf(a), verdictsOf(b)];
  const keys = [...new Set([...ofA.keys(), ...ofB.keys()])];
  const rows = keys.map((key): ComparedClaim => {
    const [one, other] = [ofA.get(key), ofB.get(key)];
    const { kind, id, title } = (other ?? one)!;
    const change = changeOf(one?.verdict.standing, other?.verdict.standing);
    return { kind, id, title, a: one?.verdict ?? null, b: other?.verdict ?? null, change };
  });
  return CHANGES.flatMap(change => rows.filter(row => row.change === change));
}

/** @param a undefined if that side did not judge it; likewise b */
export function changeOf(a: Standing | undefined, b: Standing | undefined): Change {
  if (a === b) return 'unchanged';
  if (b === undefined) return 'only in a';
  if (b === 'fails') return 'newly fails';
  if (a === undefined) return 'only in b';
  switch (b) {
    case 'void':
      return 'newly void';
    case 'not shown here':
      return a === 'void' ? 'no longer void' : 'no longer decided';
    case 'known failure':
      return 'now a known failure';
    case 'holds':
      return a === 'fails' || a === 'known failure' ? 'now holds' : 'newly decided';
  }
}

interface Judged {
  readonly kind: ComparedClaim['kind'];
  readonly id: string;
  readonly title: string;
  readonly verdict: ComparedVerdict;
}

function verdictsOf({ runs }: Side): Map<string, Judged> {
  const claims = byId(
    runs,
    ({ claims }) => claims,
    ({ id }) => id,
  ).map(
    (found): Judged => ({
      kind: 'claim',
      id: found[0]!.id,
      title: found[0]!.title,
      verdict: found.length === 1 ? claimVerdict(found[0]!) : pooledClaim(found),
    }),
  );
  const checkers = byId(
    runs,
    ({ judgements = [] }) => judgements,
    ({ checker }) => checker,
  ).map(
    (found): Judged => ({
      kind: 'checker',
      id: found[0]!.checker,
      title: `checker: ${found[0]!.checker}`,
      verdict: checkerVerdict(found),
    }),
  );
  return new Map([...claims, ...checkers].map(judged => [`${judged.kind} ${judged.id}`, judged]));
}

function byId<T>(
  runs: readonly ComparedRun[],
  of: (run: ComparedRun) => readonly T[],
  idOf: (item: T) => string,
): T[][] {
  const found = new Map<string, T[]>();
  for (const item of runs.flatMap(of)) found.set(idOf(item), [...(found.get(idOf(item)) ?? []), item]);
  return [...found.values()];
}

function claimVerdict(claim: Claim): ComparedVerdict {
  const { estimate } = claim;
  return { standing: standingOf(claim), reason: saidBy(claim), ...(estimate && { estimate }) };
}

const STANDING_OF: Readonly<Record<Judgement['valid'], Verdict>> = {
  valid: 'holds',
  invalid: 'fails',
  unknown: 'not shown here',
};

/** The worst of several runs: a guarantee that was broken once is broken. */
function checkerVerdict(judgements: readonly Judgement[]): ComparedVerdict {
  const worst =
    judgements.find(({ valid }) => valid === 'invalid') ??
    judgements.find(({ valid }) => valid === 'unknown') ??
    judgements[0]!;
  return {
    standing: STANDING_OF[worst.valid],
    reason: worst.reasons[0] ?? `${worst.checked} compared`,
  };
}
