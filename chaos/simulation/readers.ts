import type { ReadOnlyLimits } from '../checkers/read-only-record.ts';
import type { RecordingClientOptions } from '../workloads/clients/recording-client.ts';
import type { MemberSpec } from './members/member.ts';
import { observersReadOn, type Settings } from './settings.ts';

/** The names of the members that serve read-only clients while they have no master. */
export function readOnlyObservers(settings: Settings, members: readonly MemberSpec[]): string[] {
  if (!observersReadOn(settings)) return [];
  return members.filter(({ role }) => role === 'observer').map(({ name }) => name);
}

/** Whether some member serves clients for whom a read-only server is enough. */
export function hasReadOnlyServers(settings: Settings, members: readonly MemberSpec[]): boolean {
  return settings['readonlymode.enabled'] === 'true' || readOnlyObservers(settings, members).length > 0;
}

/**
 * Where a reader connects, and what it may be shown. It stays at one observer, the only member that knows
 * its local session. Where voters read on too, every other reader goes from member to member.
 */
export function readerAt(
  process: number,
  settings: Settings,
  members: readonly MemberSpec[],
): {
  readonly servers: readonly string[];
  readonly readOnly: NonNullable<RecordingClientOptions['readOnly']>;
} {
  const observers = readOnlyObservers(settings, members);
  const own = observers[process % Math.max(1, observers.length)];
  const roams = settings['readonlymode.enabled'] === 'true' && process % 2 === 0;
  if (own === undefined || roams) return { servers: members.map(({ name }) => name), readOnly: 'anything' };
  return { servers: [own], readOnly: 'agreed' };
}

/**
 * Beside turns of a millisecond, splits and packets that are lost: time for what a client sends, and for
 * what it is answered.
 */
const SLACK_MS = 700;

export function readOnlyLimits(
  settings: Settings,
  { driftMax, sessionTimeoutMs }: Pick<ReadOnlyLimits, 'driftMax' | 'sessionTimeoutMs'>,
): ReadOnlyLimits {
  const maxStaleMs = Number(settings['observer.readOnly.maxStaleMs'] ?? 0);
  return { sessionTimeoutMs, maxStaleMs, driftMax, slackMs: SLACK_MS };
}
