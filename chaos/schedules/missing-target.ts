/**
 * Targets that no moment of a run can have: members, data centres and roles that the topology lacks, more of
 * them than there are, and ends between which there is no link.
 */
import type { KeyPath } from '../../bench/origin.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { CLIENT, LINK_KINDS, type LinkKind } from '../mesh/link.ts';
import { OTHERS } from '../mesh/select.ts';

export interface MissingTarget {
  readonly path: KeyPath;
  /** The value, and what is accepted. */
  readonly text: string;
}

type Keys = Readonly<Record<string, unknown>>;

/** The keys by which targets name something of the topology, and what it has of them. */
const NAMED: Readonly<Record<string, (topology: Topology) => readonly string[]>> = {
  name: ({ members }) => members.map(({ name }) => name),
  masterOf: ({ members }) => ofRole(members, 'observer').map(({ name }) => name),
  dc: ({ members }) => [...new Set(members.flatMap(({ dc }) => (dc === undefined ? [] : [dc])))],
  role: topology => ROLES.filter(role => mostOf(role, topology) > 0),
};

/** Roles that members have while they run. */
const ROLES = ['leader', 'follower', 'looking', 'down', 'standalone', 'observer'];

/** How many members can have the role at a time. */
function mostOf(role: string, { members }: Topology): number {
  const voters = ofRole(members, 'participant').length;
  if (role === 'leader' || role === 'standalone') return 1;
  if (role === 'follower') return voters - 1;
  return role === 'observer' ? members.length - voters : members.length;
}

/** @param step as a person wrote it; whatever it has under one of these keys is a target */
export function missingTarget(
  step: unknown,
  topology: Topology,
  path: KeyPath = [],
): MissingTarget | undefined {
  if (typeof step !== 'object' || step === null) return undefined;
  const keys = step as Keys;
  if (path.length > 0) {
    const missing = missingName(keys, topology, path) ?? tooMany(keys, topology, path);
    if (missing !== undefined) return missing;
  }
  for (const [key, value] of Object.entries(keys)) {
    const at = [...path, key];
    const missing =
      missingTarget(value, topology, at) ??
      (key === 'select' ? noLink(value as Keys, topology, at) : undefined);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

function missingName(target: Keys, topology: Topology, path: KeyPath): MissingTarget | undefined {
  for (const [key, has] of Object.entries(NAMED)) {
    const names = [target[key]].flat().filter(each => typeof each === 'string');
    const accepted = has(topology);
    const missing = names.find(each => !accepted.includes(each));
    const at = [...path, key];
    if (missing !== undefined) {
      const all = accepted.length === 0 ? `none, because it has no ${key}` : accepted.join(', ');
      return { path: at, text: `"${missing}" is nothing that ${topology.shortForm} has; accepted is ${all}` };
    }
    const twice = names.find((each, index) => names.indexOf(each) < index);
    if (twice !== undefined) return { path: at, text: `"${twice}" is named twice; accepted is each once` };
  }
  return undefined;
}

function tooMany(target: Keys, topology: Topology, path: KeyPath): MissingTarget | undefined {
  const { role, count, random, voters } = target;
  const { members, shortForm } = topology;
  const refused = (key: string, asked: unknown, most: number, what: string) =>
    typeof asked === 'number' && asked > most
      ? { path: [...path, key], text: `${asked}; accepted is at most ${most}, ${what} of ${shortForm}` }
      : undefined;
  if (typeof role === 'string') return refused('count', count, mostOf(role, topology), `the ${role}s`);
  const voting = ofRole(members, 'participant').length;
  if (voters === 'minority' && voting < VOTERS_WITH_MINORITY)
    return {
      path: [...path, 'voters'],
      text: `"minority"; accepted with ${shortForm} are majority, quorum, because without any voter it has no quorum`,
    };
  return refused('random', random, members.length, 'the members');
}

/** With fewer, any of them is needed for a quorum. */
const VOTERS_WITH_MINORITY = 3;

/** @param select whose targets exist */
function noLink(
  { from, to, kinds }: Keys,
  { observerMasters, shortForm }: Topology,
  path: KeyPath,
): MissingTarget | undefined {
  if (from === 'any' && to === OTHERS)
    return {
      path: [...path, 'to'],
      text: `"${OTHERS}"; accepted from any is any, because it leaves no others`,
    };
  const [one, another] = [onlyNameOf(from), onlyNameOf(to)];
  if (one !== undefined && one === another)
    return {
      path: [...path, 'to'],
      text: `"${one}"; accepted is another member, because none has a link to itself`,
    };
  if (from === CLIENT && to === CLIENT)
    return {
      path: [...path, 'to'],
      text: `"${CLIENT}"; accepted are members, because clients dial no clients`,
    };
  if (!Array.isArray(kinds)) return undefined;
  const isOfClients = from === CLIENT || to === CLIENT;
  const has = LINK_KINDS.filter(
    kind => (kind === 'client') === isOfClients && (kind !== 'observerMaster' || observerMasters),
  );
  if (kinds.some(kind => has.includes(kind as LinkKind))) return undefined;
  return {
    path: [...path, 'kinds'],
    text: `${JSON.stringify(kinds)}; accepted with these ends on ${shortForm} are ${has.join(', ')}`,
  };
}

/** Of a target that is one member by its name. */
function onlyNameOf(target: unknown): string | undefined {
  const names = [(target as Keys | undefined)?.name].flat();
  return names.length === 1 && typeof names[0] === 'string' ? names[0] : undefined;
}

function ofRole(members: Topology['members'], wanted: string): Topology['members'] {
  return members.filter(({ role }) => role === wanted);
}
