import { parseConfig, type ServerConfig } from '../../../server/config/server-config.ts';
import type { MemberSpec } from './member.ts';
import { SYSTEM_PROPERTIES } from './member-files.ts';

export const CLIENT_PORT = 2181;
export const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;
export const OBSERVER_MASTER_PORT = 2191;

/**
 * Ticks are short, so that a failure is noticed and an election is over within one or two virtual seconds.
 */
const TICK_MS = 200;

/** The configuration of a simulated member, parsed like a zoo.cfg. */
export function serverConfigOf(
  spec: MemberSpec,
  members: readonly MemberSpec[],
  extra: Readonly<Record<string, string>> = {},
): ServerConfig {
  const text = serverConfigText(spec, members, extra);
  const systemProperties = SYSTEM_PROPERTIES;
  return parseConfig({ path: `${spec.name}/zoo.cfg`, text, myid: String(spec.sid), systemProperties });
}

/** The zoo.cfg of a simulated member, which names these members. */
export function serverConfigText(
  spec: MemberSpec,
  members: readonly MemberSpec[],
  extra: Readonly<Record<string, string>> = {},
): string {
  const settings: Record<string, string | number> = {
    dataDir: '/data',
    clientPort: CLIENT_PORT,
    tickTime: TICK_MS,
    initLimit: 10,
    syncLimit: 5,
    minSessionTimeout: 2 * TICK_MS,
    maxSessionTimeout: 60_000,
    // Small, so that snapshots are written and log files rolled during a run.
    snapCount: 200,
    observerMasterPort: OBSERVER_MASTER_PORT,
    ...(spec.role === 'observer' ? { peerType: 'observer' } : {}),
    // A single voter would run alone otherwise, and nobody could observe it.
    ...(members.filter(({ role }) => role === 'participant').length === 1
      ? { standaloneEnabled: 'false' }
      : {}),
    ...extra,
  };
  for (const { sid, name, further, role } of members)
    settings[`server.${sid}`] = serverLine(name, role, further);
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

export function serverLine(name: string, role: MemberSpec['role'], further: readonly string[] = []): string {
  const addresses = [name, ...further].map(host => `${host}:${QUORUM_PORT}:${ELECTION_PORT}`);
  return `${addresses.join('|')}${role === 'observer' ? ':observer' : ''}`;
}
