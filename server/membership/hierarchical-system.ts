import { ServerError } from '../errors.ts';
import { badValue, readInteger } from '../properties/key-kinds.ts';
import { numberedLines, sortedMap } from './numbered-lines.ts';
import { QuorumHierarchical } from './quorum-hierarchical.ts';
import type { QuorumServer } from './quorum-server.ts';
import type { QuorumRules, QuorumSystem } from './quorum-system.ts';

/** Group id -> sids, in order. */
type Groups = ReadonlyMap<number, readonly number[]>;
/** Sid -> weight. */
type Weights = ReadonlyMap<number, number>;
type Servers = ReadonlyMap<number, QuorumServer>;

/** `group.G=sid:sid` and `weight.S=w`. @see docs/configuration.md "Membership lines" */
export const hierarchicalSystem: QuorumSystem = {
  name: 'hierarchical',
  keys: ['group.N', 'weight.N'],
  read,
  votingKey,
  keyTitle: 'in the groups (sid*weight)',
};

function read(properties: ReadonlyMap<string, string>, servers: Servers): QuorumRules | null {
  const groups = numberedLines(properties, 'group', parseGroup, Number.MIN_SAFE_INTEGER);
  const listed = numberedLines(properties, 'weight', parseWeight);
  if (groups.size === 0 && listed.size === 0) return null;
  checkGroups(servers, groups, listed);
  const weights = weightsOfAll(servers, groups, listed);
  return {
    lines: linesOf(groups, weights),
    verifier: parts => new QuorumHierarchical({ ...parts, groups, weights }),
  };
}

function linesOf(groups: Groups, weights: Weights): string[] {
  // Upstream does not read back a group without members, and does not write it either.
  const written = [...groups].filter(([, sids]) => sids.length > 0);
  return [
    ...written.map(([group, sids]) => `group.${group}=${sids.join(':')}`),
    ...[...weights].map(([sid, weight]) => `weight.${sid}=${weight}`),
  ];
}

/** Upstream accepts colons at the end. A group of nothing but colons has no members, so it cannot decide. */
function parseGroup(group: number, text: string): number[] {
  const listed = text.replace(/:+$/, '');
  if (listed === '' && text !== '') return [];
  const sids = listed.split(':').map(part => readInteger(part.trim(), 0, Number.MAX_SAFE_INTEGER));
  const known = sids.filter(sid => sid !== undefined);
  if (known.length < sids.length) throw badValue(`group.${group}`, text, 'sids with colons between them');
  return known.sort((a, b) => a - b);
}

function parseWeight(sid: number, text: string): number {
  const weight = readInteger(text, 0, Number.MAX_SAFE_INTEGER);
  if (weight === undefined) throw badValue(`weight.${sid}`, text, 'an integer of at least 0');
  return weight;
}

/**
 * Every voter must be in exactly one group. Observers may be in one, and with a weight even a server that has
 * no line.
 */
function checkGroups(servers: Servers, groups: Groups, listed: Weights): void {
  const groupOf = new Map<number, number>();
  for (const [group, sids] of groups) {
    for (const sid of sids) {
      const other = groupOf.get(sid);
      if (other !== undefined)
        throw badValue(`group.${group}`, sids.join(':'), `sid ${sid} in one group only`);
      if (!servers.has(sid) && !listed.has(sid)) {
        const accepts = `sids that have a server line or a weight, and ${sid} has neither`;
        throw badValue(`group.${group}`, sids.join(':'), accepts);
      }
      groupOf.set(sid, group);
    }
  }
  for (const { sid, role } of servers.values()) {
    if (role === 'participant' && !groupOf.has(sid)) {
      throw new ServerError(
        'ZK_CONFIG_MISSING',
        `server.${sid} votes and is in no group; add it to a group.N`,
      );
    }
  }
}

/** The weights listed, and one for every other member of a group. */
function weightsOfAll(servers: Servers, groups: Groups, listed: Weights): Weights {
  const weights = new Map(listed);
  for (const sid of [...groups.values()].flat()) {
    // Upstream does not start with an observer that is in a group and has no weight.
    if (!weights.has(sid)) weights.set(sid, servers.get(sid)?.role === 'participant' ? 1 : 0);
  }
  return sortedMap(weights);
}

const GROUP = /^group\.-?\d+$/;

/** Each group with the weights of its members. The names of the groups and their order make no difference. */
function votingKey(properties: ReadonlyMap<string, string>, voters: readonly number[]): string | null {
  const groups = [...properties].filter(([key]) => GROUP.test(key)).map(([, group]) => group);
  if (groups.length === 0) return null;
  const memberKey = (sid: number) =>
    `${sid}*${Number(properties.get(`weight.${sid}`) ?? (voters.includes(sid) ? 1 : 0))}`;
  const groupKey = (group: string) =>
    group
      .split(':')
      .filter(part => part.trim() !== '')
      .map(Number)
      .sort((a, b) => a - b)
      .map(memberKey)
      .join();
  return groups.map(groupKey).sort().join(' ');
}
