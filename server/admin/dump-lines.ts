import { sessionIdHex } from '../sessions/session-id.ts';
import type { SessionTracker } from '../sessions/session-tracker.ts';
import { atMost } from '../turns/live.ts';
import type { ServerView } from './server-view.ts';
import { sessionBuckets } from './session-listing.ts';

/** The text of `dump`. */
export function* dumpLines(view: ServerView): Generator<string> {
  yield 'SessionTracker dump:\n';
  yield* sessionLines(view);
  const owners = view.database.tree.sessionsWithEphemerals;
  yield `ephemeral nodes dump:\nSessions with Ephemerals (${owners.size}):\n`;
  for (const [owner, nodes] of atMost(owners.size, owners)) {
    yield `${sessionIdHex(owner)}:\n`;
    for (const path of atMost(nodes.size, nodes.keys())) yield `\t${path}\n`;
  }
  // Upstream has sets of connections by when they expire; here a connection expires with its session.
  yield `Connections dump:\nConnections Sets (1)/(${view.port?.connectionCount ?? 0}):\n`;
  for (const { remote, sessionId } of view.connections())
    yield `\tip: /${remote} sessionId: ${sessionIdHex(sessionId)}\n`;
}

/** A learner knows the sessions of the ensemble, but only the leader knows when they expire. */
function* sessionLines(view: ServerView): Generator<string> {
  const { localSessions } = view;
  if (localSessions !== null) yield* trackedLines('Local Session', localSessions.tracker, view);
  const tracker = view.leaderServer?.tracker;
  if (tracker !== undefined) {
    yield* trackedLines(localSessions === null ? 'Session' : 'Global Session', tracker, view);
    return;
  }
  const { sessionTimeouts } = view.database;
  yield `Global Sessions(${sessionTimeouts.size}):\n`;
  for (const [id, timeoutMs] of atMost(sessionTimeouts.size, sessionTimeouts))
    yield `${sessionIdHex(id)}\t${timeoutMs}ms\n`;
}

function* trackedLines(name: string, tracker: SessionTracker, { clock }: ServerView): Generator<string> {
  yield `${name} Sets (${tracker.buckets.size})/(${tracker.size}):\n`;
  const wallAtZeroMs = clock.wallMs() - clock.monotonicMs();
  for (const [expiryMs, sessions] of sessionBuckets(tracker)) {
    yield `${sessions.size} expire at ${dateText(wallAtZeroMs + expiryMs)}:\n`;
    for (const { id } of atMost(sessions.size, sessions)) yield `\t${sessionIdHex(id)}\n`;
  }
}

/** "Fri Nov 20 15:35:48 UTC 2026" */
function dateText(wallMs: number): string {
  const [day, date, month, year, time] = new Date(wallMs).toUTCString().split(/,? /);
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}
