/**
 * Where two servers differ: claims that hold on one and fail on the other, and claims that only one of them
 * decides. Each verdict compares a server with itself, within its own run, so two servers may be compared by
 * their verdicts even where their times may not.
 */
import type { Claim, Result } from './schema.ts';
import { type Standing, standingOf } from './verdicts.ts';

/** The news first. */
export const DIVERGENCE_KINDS = ['opposite', 'only a decides', 'only b decides', 'same', 'neither'] as const;
export type DivergenceKind = (typeof DIVERGENCE_KINDS)[number];

/** `not measured`: the run did not judge the claim. */
export interface DivergenceSide {
  readonly standing: Standing | 'not measured';
  readonly reason: string;
}

export interface Divergence {
  readonly id: string;
  readonly title: string;
  readonly kind: DivergenceKind;
  readonly a: DivergenceSide;
  readonly b: DivergenceSide;
}

/** Every claim that one of the runs judged, the news first, otherwise in the order of run a. */
export function divergencesOf(a: Pick<Result, 'claims'>, b: Pick<Result, 'claims'>): Divergence[] {
  const ids = [...new Set([...a.claims, ...b.claims].map(({ id }) => id))];
  const all = ids.map((id): Divergence => {
    const [ofA, ofB] = [a, b].map(({ claims }) => claims.find(claim => claim.id === id));
    return { id, title: (ofA ?? ofB)!.title, kind: kindOf(ofA, ofB), a: sideOf(ofA), b: sideOf(ofB) };
  });
  return DIVERGENCE_KINDS.flatMap(kind => all.filter(each => each.kind === kind));
}

function kindOf(a: Claim | undefined, b: Claim | undefined): DivergenceKind {
  const [ofA, ofB] = [decided(a), decided(b)];
  if (ofA === undefined && ofB === undefined) return 'neither';
  if (ofB === undefined) return 'only a decides';
  if (ofA === undefined) return 'only b decides';
  return ofA === ofB ? 'same' : 'opposite';
}

/** A known failure fails, whoever expects it. */
function decided(claim: Claim | undefined): 'holds' | 'fails' | undefined {
  return claim?.verdict === 'holds' || claim?.verdict === 'fails' ? claim.verdict : undefined;
}

function sideOf(claim: Claim | undefined): DivergenceSide {
  return claim === undefined
    ? { standing: 'not measured', reason: 'The run did not judge it.' }
    : { standing: standingOf(claim), reason: claim.reason };
}
