/**
 * Syncs that prove nothing. A leader of Apache ZooKeeper sends COMMIT to its learners first and applies a
 * transaction later, in another thread. A sync of one of its own clients does not wait for that
 * (`CommitProcessor` has `matchSyncs` false there). So a client of a follower may have its answer while the
 * leader still shows what was before, behind a sync too. Followers and observers ask the leader and wait for
 * its SYNC, which comes behind all COMMITs; their syncs are judged, as all syncs of zklab's servers are.
 */
import { epochOf } from '../../server/wire/zxid.ts';
import type { HistoryEvent } from './history.ts';
import type { RunRecord } from './run-record.ts';

export type ApacheLeaders = RunRecord['apacheLeaders'];

/**
 * Whether a leader of Apache ZooKeeper may have given this answer to a client of its own. Some clients of
 * applications do not know which server answered, or with which zxid.
 */
export function isEarlySync({ f, type, server, zxid }: HistoryEvent, leaders: ApacheLeaders): boolean {
  if (f !== 'sync' || type !== 'ok') return false;
  const led = server === undefined ? Object.values(leaders) : [leaders[server] ?? []];
  return led.some(
    epochs => epochs === 'any' || (zxid === undefined ? epochs.length > 0 : epochs.includes(epochOf(zxid))),
  );
}

/** A note about them; empty when there are none. */
export function notesOnEarlySyncs(history: readonly HistoryEvent[], leaders: ApacheLeaders): string[] {
  const syncs = history.filter(({ f, type }) => f === 'sync' && type === 'ok');
  const early = syncs.filter(event => isEarlySync(event, leaders));
  if (early.length === 0) return [];
  return [
    `${early.length} of ${syncs.length} syncs are not judged, because clients of an Apache leader sent them: it answers before it has applied what it committed`,
  ];
}
