import { badValue } from '../properties/key-kinds.ts';
import { parseProperties } from '../properties/properties.ts';
import { numberedLines } from './numbered-lines.ts';
import { formatQuorumServer, parseQuorumServer, type QuorumServer, type Role } from './quorum-server.ts';
import type { QuorumRules } from './quorum-system.ts';
import { firstThatApplies, quorumSystems } from './quorum-systems.ts';

/** The members and how they form quorums, at one version. */
export interface QuorumConfig {
  /** The zxid of the reconfig that made it; 0 for the one from the file. */
  readonly version: number;
  /** Servers in the order of their sids. */
  readonly servers: ReadonlyMap<number, QuorumServer>;
  readonly rules: QuorumRules;
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
 * for each server, then those of the quorum system, in order of their numbers, and `version=` in hexadecimal
 * without a line end.
 *
 * @see docs/configuration.md "Quorum text"
 */
export function formatQuorumConfig(config: QuorumConfig): string {
  return `${formatDynamicConfig(config)}version=${config.version.toString(16)}`;
}

/** The same without the version, as in the dynamic file, whose name has it. */
export function formatDynamicConfig({ servers, rules }: QuorumConfig): string {
  const lines = [
    ...[...servers.values()].map(server => `server.${server.sid}=${formatQuorumServer(server)}`),
    ...rules.lines,
  ];
  return lines.map(line => `${line}\n`).join('');
}

/** @throws ServerError ZK_CONFIG_VALUE for a line of any other kind, or for one that is wrong */
export function parseQuorumConfig(text: string, systems = quorumSystems): QuorumConfig {
  const properties = parseProperties(text);
  for (const [key, value] of properties) {
    if (!isMembershipKey(key, systems)) {
      const accepts = ['server.N', ...systems.flatMap(({ keys }) => keys)].join(', ');
      throw badValue(key, value, `${accepts} or version, in a quorum configuration`);
    }
  }
  return quorumConfigOf(properties, systems);
}

/** A key of the membership, in zoo.cfg or in the dynamic file. */
export function isMembershipKey(key: string, systems = quorumSystems): boolean {
  const isNamed = (name: string) => (name.endsWith('.N') ? key.startsWith(name.slice(0, -1)) : key === name);
  return isNamed('server.N') || isNamed('version') || systems.some(({ keys }) => keys.some(isNamed));
}

/** The membership among other keys. @throws ServerError ZK_CONFIG_VALUE */
export function quorumConfigOf(
  properties: ReadonlyMap<string, string>,
  systems = quorumSystems,
): QuorumConfig {
  const version = parseVersion(properties.get('version')?.trim());
  const servers = numberedLines(properties, 'server', parseQuorumServer);
  const rules = firstThatApplies(systems, system => system.read(properties, servers));
  return { version, servers, rules };
}

/** A version in hexadecimal; 0 when absent. @throws ServerError ZK_CONFIG_VALUE */
export function parseVersion(text: string | undefined): number {
  if (text === undefined) return 0;
  const version = /^[0-9a-fA-F]{1,16}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  if (!Number.isSafeInteger(version)) throw badValue('version', text, 'a zxid in hexadecimal');
  return version;
}
