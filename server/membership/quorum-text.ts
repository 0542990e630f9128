import { ServerError } from '../errors.ts';
import { badValue, readInteger } from '../properties/key-kinds.ts';
import { parseProperties } from '../properties/properties.ts';
import { formatQuorumServer, parseQuorumServer, type QuorumServer, type Role } from './quorum-server.ts';

/** Keys of the membership, in zoo.cfg or in the dynamic file. */
export const MEMBERSHIP_KEY = /^((server|group|weight)\.|version$)/;

/** Who the members are and how they form quorums, at one version. */
export interface QuorumConfig {
  /** The zxid of the reconfig that made it; 0 for the one from the file. */
  readonly version: number;
  /** In order of their sids. */
  readonly servers: ReadonlyMap<number, QuorumServer>;
  /** Group id -> sids, for hierarchical quorums; empty for majorities. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
  /** Sid -> weight, every voter and every member of a group included; empty for majorities. */
  readonly weights: ReadonlyMap<number, number>;
}

/** What a server is in its ensemble. */
export interface QuorumMember {
  /** This server's own line is `config.servers.get(sid)`. */
  readonly sid: number;
  readonly role: Role;
  readonly config: QuorumConfig;
}

/**
 * The text form that travels in notifications, NEWLEADER, reconfig transactions and /zookeeper/config: a line
 * for each server, then groups and weights, in order of their numbers, and `version=` in hexadecimal without
 * a line end.
 *
 * @see docs/configuration.md "Quorum text"
 */
export function formatQuorumConfig(config: QuorumConfig): string {
  return `${formatDynamicConfig(config)}version=${config.version.toString(16)}`;
}

/** The same without the version, as it stands in the dynamic file, which has it in its name. */
export function formatDynamicConfig(config: QuorumConfig): string {
  const lines = [
    ...[...config.servers.values()].map(server => `server.${server.sid}=${formatQuorumServer(server)}`),
    // A group of nobody is not read back by upstream, which does not write it either.
    ...[...config.groups]
      .filter(([, sids]) => sids.length > 0)
      .map(([group, sids]) => `group.${group}=${sids.join(':')}`),
    ...[...config.weights].map(([sid, weight]) => `weight.${sid}=${weight}`),
  ];
  return lines.map(line => `${line}\n`).join('');
}

/** @throws ServerError ZK_CONFIG_VALUE for a line that is none of the four kinds, or is wrong */
export function parseQuorumConfig(text: string): QuorumConfig {
  const properties = parseProperties(text);
  for (const [key, value] of properties) {
    if (!MEMBERSHIP_KEY.test(key)) {
      throw badValue(key, value, 'server.N, group.N, weight.N or version, in a quorum configuration');
    }
  }
  return quorumConfigOf(properties);
}

/** The membership among other keys. @throws ServerError ZK_CONFIG_VALUE */
export function quorumConfigOf(properties: ReadonlyMap<string, string>): QuorumConfig {
  const version = parseVersion(properties.get('version')?.trim());
  const servers = numbered(properties, 'server', parseQuorumServer);
  const groups = numbered(properties, 'group', parseGroup);
  const weights = numbered(properties, 'weight', parseWeight);
  if (groups.size === 0 && weights.size === 0) return { version, servers, groups, weights };
  checkGroups(servers, groups, weights);
  const known = new Map(weights);
  for (const sid of [...groups.values()].flat()) {
    // Upstream does not start with an observer that is in a group and has no weight.
    if (!known.has(sid)) known.set(sid, servers.get(sid)?.role === 'participant' ? 1 : 0);
  }
  return { version, servers, groups, weights: sortedMap([...known]) };
}

/** Hexadecimal; absent is 0. @throws ServerError ZK_CONFIG_VALUE */
export function parseVersion(text: string | undefined): number {
  if (text === undefined) return 0;
  const version = /^[0-9a-fA-F]{1,16}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  if (!Number.isSafeInteger(version)) throw badValue('version', text, 'a zxid in hexadecimal');
  return version;
}

function numbered<T>(
  properties: ReadonlyMap<string, string>,
  family: 'server' | 'group' | 'weight',
  parse: (id: number, text: string) => T,
): Map<number, T> {
  const found: [number, T][] = [];
  for (const [key, value] of properties) {
    if (!key.startsWith(`${family}.`)) continue;
    const min = family === 'group' ? Number.MIN_SAFE_INTEGER : 0;
    const id = readInteger(key.slice(family.length + 1), min, Number.MAX_SAFE_INTEGER);
    if (id === undefined)
      throw badValue(key, value, `${family}.N with an integer N from ${min} to ${Number.MAX_SAFE_INTEGER}`);
    if (found.some(([other]) => other === id))
      throw badValue(key, value, `one line only for ${family}.${id}`);
    found.push([id, parse(id, value.trim())]);
  }
  return sortedMap(found);
}

function sortedMap<T>(entries: readonly (readonly [number, T])[]): Map<number, T> {
  return new Map([...entries].sort(([a], [b]) => a - b));
}

/** Colons at its end are no mistake upstream, and a group of nothing else is one that nobody can decide. */
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
 * Every voter in exactly one group. Observers may be in one, and with a weight even a server that has no
 * line.
 */
function checkGroups(
  servers: ReadonlyMap<number, QuorumServer>,
  groups: ReadonlyMap<number, readonly number[]>,
  weights: ReadonlyMap<number, number>,
): void {
  const groupOf = new Map<number, number>();
  for (const [group, sids] of groups) {
    for (const sid of sids) {
      const other = groupOf.get(sid);
      if (other !== undefined)
        throw badValue(`group.${group}`, sids.join(':'), `sid ${sid} in one group only`);
      if (!servers.has(sid) && !weights.has(sid)) {
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
