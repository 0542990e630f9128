/** Targets for faults that are drawn from a seed: first which kinds of them a run has, then one at a time. */
import type { Topology } from '../../bench/topology/topology.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { Selector } from './select.ts';
import type { MemberTarget } from './target.ts';

/** What there is to break. */
export type EnsembleShape = Pick<Topology, 'members' | 'observerMasters'>;

type Draw<T> = (random: SeededRandom) => T;

/** For faults of processes. */
export function drawTargets(random: SeededRandom, shape: EnsembleShape): Draw<MemberTarget> {
  const { length } = shape.members;
  return fromSome(random, [...partsOf(shape), own => ({ random: 1 + own.below(length) })]);
}

/**
 * For faults of links; undefined where there are no two members.
 * @param both always both ways, for faults that do not show on every way. @default some
 */
export function drawSelectors(
  random: SeededRandom,
  shape: EnsembleShape,
  { both = false }: { readonly both?: boolean } = {},
): Draw<Selector> | undefined {
  const { members } = shape;
  if (members.length < 2) return undefined;
  const observes = members.some(({ role }) => role === 'observer');
  const isolated: Draw<Selector>[] = [
    ...partsOf(shape),
    (own: SeededRandom): MemberTarget => ({ random: 1 + own.below(members.length - 1) }),
  ].map(part => own => ({ from: part(own), to: 'others', both: both || own.chance(0.5) }));
  const observersLinks: Draw<Selector> = own => ({
    from: { role: 'observer' },
    to: own.pick(['others', { role: 'leader' }]),
    both: both || own.chance(0.5),
  });
  return fromSome(random, [...isolated, ...(observes ? [observersLinks] : [])]);
}

/** Kinds of targets that never mean all members. */
function partsOf({ members, observerMasters }: EnsembleShape): Draw<MemberTarget>[] {
  const voters = members.filter(({ role }) => role === 'participant').length;
  const observers = members.filter(({ role }) => role === 'observer');
  const centres = [...new Set(members.flatMap(({ dc }) => dc ?? []))];
  const parts: Draw<MemberTarget>[] = [];
  if (voters > 1) {
    parts.push(
      () => ({ role: 'leader' }),
      own => ({ role: 'follower', count: 1 + own.below(voters - 1) }),
    );
  }
  if (voters > 2) parts.push(own => ({ voters: own.pick(['minority', 'majority', 'quorum'] as const) }));
  if (observers.length > 0 && voters > 0)
    parts.push(own => ({ role: 'observer', count: 1 + own.below(observers.length) }));
  if (observers.length > 0 && observerMasters) parts.push(own => ({ masterOf: own.pick(observers).name }));
  if (centres.length > 1) parts.push(own => ({ dc: own.pick(centres) }));
  return parts;
}

/** A run has each kind with one chance in two, and at least one. */
function fromSome<T>(random: SeededRandom, kinds: readonly Draw<T>[]): Draw<T> {
  const some = kinds.filter(() => random.chance(0.5));
  const chosen = some.length > 0 ? some : [random.pick(kinds)];
  return own => own.pick(chosen)(own);
}
