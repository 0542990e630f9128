/** Which members a fault is meant for, found at the moment of its injection, for links and processes. */
import type { Random } from '../../server/runtime/runtime.ts';

/**
 * `minority`: the most voters that cannot form a quorum. `majority`: the fewest that can. `quorum`: the
 * leader with as many followers as it needs.
 */
export const VOTER_SETS = ['minority', 'majority', 'quorum'] as const;
export type VoterSet = (typeof VOTER_SETS)[number];

type Named =
  | { readonly name: string | readonly string[] }
  /** All members of these data centres. */
  | { readonly dc: string | readonly string[] }
  /** Who this observer gets its commits from: the leader or an observer master. */
  | { readonly masterOf: string };

type Drawn =
  | {
      /** leader, follower, observer ... */
      readonly role: string;
      /** How many of that role, chosen at random. @default one for processes, all for links */
      readonly count?: number | undefined;
    }
  /** As many of all members, chosen at random. */
  | { readonly random: number };

export type MemberTarget = 'any' | Named | Drawn | { readonly voters: VoterSet };

/** A member at this moment. */
export interface MemberNow {
  readonly name: string;
  /** leader, follower, observer ..., looking or down */
  readonly role: string;
  readonly isVoter: boolean;
  /** Data centre. */
  readonly dc?: string | undefined;
  /** For an observer: the name of the member that it follows. */
  masterOf?(): Promise<string | undefined>;
}

/** Too few members match. A fault on fewer than it was meant for is not injected at all. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

export interface FindOptions {
  /** How many members of a role are meant when the target does not say so. */
  readonly ofRole: 1 | 'all';
  /** Members that a random choice leaves out. @default none */
  readonly except?: ReadonlySet<string>;
}

/** The names of the members that `target` means now. @throws TargetError */
export async function findMembers(
  target: MemberTarget,
  members: readonly MemberNow[],
  random: Random,
  { ofRole, except = new Set() }: FindOptions,
): Promise<string[]> {
  if (target === 'any') return names(members);
  if ('voters' in target) return chooseVoters(target, members, random);
  if ('role' in target || 'random' in target) {
    const candidates = members.filter(
      ({ name, role }) => !except.has(name) && (!('role' in target) || role === target.role),
    );
    const asked = 'random' in target ? target.random : (target.count ?? ofRole);
    const count = asked === 'all' ? Math.max(1, candidates.length) : asked;
    return pick(candidates, count, random) ?? fail(target, candidates.length, count, members);
  }
  const found = await named(target, members);
  return found.length > 0 ? found : fail(target, 0, 1, members);
}

async function named(target: Named, members: readonly MemberNow[]): Promise<string[]> {
  if ('masterOf' in target) {
    const master = await members.find(({ name }) => name === target.masterOf)?.masterOf?.();
    return names(members.filter(({ name }) => name === master));
  }
  if ('dc' in target)
    return names(members.filter(({ dc }) => dc !== undefined && [target.dc].flat().includes(dc)));
  const wanted = [target.name].flat();
  const found = names(members.filter(({ name }) => wanted.includes(name)));
  return found.length === wanted.length ? found : fail(target, found.length, wanted.length, members);
}

function chooseVoters(
  target: { readonly voters: VoterSet },
  members: readonly MemberNow[],
  random: Random,
): string[] {
  const voters = members.filter(({ isVoter }) => isVoter);
  const majority = Math.floor(voters.length / 2) + 1;
  if (target.voters !== 'quorum') {
    const count = target.voters === 'majority' ? majority : Math.max(1, voters.length - majority);
    const candidates = target.voters === 'minority' && voters.length < 3 ? [] : voters;
    return pick(candidates, count, random) ?? fail(target, candidates.length, count, members);
  }
  const leaders = voters.filter(({ role }) => role === 'leader');
  const followers = voters.filter(({ role }) => role === 'follower');
  const chosen = leaders.length === 1 ? pick(followers, majority - 1, random) : undefined;
  return chosen === undefined
    ? fail(target, leaders.length + followers.length, majority, members)
    : [...names(leaders), ...chosen];
}

/** As many of them at random; undefined when there are too few. */
function pick(from: readonly MemberNow[], count: number, random: Random): string[] | undefined {
  return from.length < count ? undefined : shuffled(names(from), random).slice(0, count);
}

/** In random order. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(random.below(left.length), 1));
}

function names(members: readonly MemberNow[]): string[] {
  return members.map(({ name }) => name);
}

function fail(target: MemberTarget, found: number, needed: number, members: readonly MemberNow[]): never {
  throw new TargetError(
    `${found} members match ${JSON.stringify(target)}, and ${needed} are needed; ${membersText(members)}`,
  );
}

/** `the roles are v1=leader v2=follower; the data centres are v1=paris` */
export function membersText(members: readonly MemberNow[]): string {
  const roles = members.map(({ name, role }) => `${name}=${role}`).join(' ');
  const centres = members.flatMap(({ name, dc }) => (dc === undefined ? [] : [`${name}=${dc}`]));
  const where = centres.length === 0 ? '' : `; the data centres are ${centres.join(' ')}`;
  return `the roles are ${roles}${where}`;
}

/** Whether a member in this role has a vote. One that is down or looking has that of its configuration. */
export function votes(role: string, isConfiguredVoter: boolean): boolean {
  if (role === 'leader' || role === 'follower') return true;
  return role !== 'observer' && isConfiguredVoter;
}
