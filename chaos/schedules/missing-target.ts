/** Targets that no moment of a run can have: members, data centres and roles that the topology lacks. */
import type { KeyPath } from '../../bench/origin.ts';
import type { Topology } from '../../bench/topology/topology.ts';

export interface MissingTarget {
  readonly path: KeyPath;
  /** The value, and what is accepted. */
  readonly text: string;
}

/** Roles that members have while they run, by what the topology must have for them. */
const VOTER_ROLES = ['leader', 'follower', 'looking', 'down', 'standalone'];

/** The keys by which targets name something of the topology, and what it has of them. */
const NAMED: Readonly<Record<string, (topology: Topology) => readonly string[]>> = {
  name: ({ members }) => members.map(({ name }) => name),
  masterOf: ({ members }) => observersOf(members).map(({ name }) => name),
  dc: ({ members }) => [...new Set(members.flatMap(({ dc }) => (dc === undefined ? [] : [dc])))],
  role: ({ members }) => [...VOTER_ROLES, ...(observersOf(members).length > 0 ? ['observer'] : [])],
};

/** @param step as a person wrote it; whatever it has under one of these keys is a target */
export function missingTarget(
  step: unknown,
  topology: Topology,
  path: KeyPath = [],
): MissingTarget | undefined {
  if (typeof step !== 'object' || step === null) return undefined;
  for (const [key, value] of Object.entries(step)) {
    const at = [...path, key];
    const accepted = path.length > 0 && Object.hasOwn(NAMED, key) ? NAMED[key]!(topology) : undefined;
    const missing =
      accepted === undefined
        ? missingTarget(value, topology, at)
        : [value].flat().find(each => typeof each === 'string' && !accepted.includes(each));
    if (typeof missing === 'string') {
      const has = accepted!.length === 0 ? `none, because it has no ${key}` : accepted!.join(', ');
      return { path: at, text: `"${missing}" is nothing that ${topology.shortForm} has; accepted is ${has}` };
    }
    if (missing !== undefined) return missing as MissingTarget;
  }
  return undefined;
}

function observersOf(members: Topology['members']): Topology['members'] {
  return members.filter(({ role }) => role === 'observer');
}
