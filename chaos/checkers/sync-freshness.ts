import { epochOf } from '../../server/wire/zxid.ts';
import type { Checker } from './checker.ts';
import { type ApacheLeaders, isEarlySync, notesOnEarlySyncs } from './early-syncs.ts';
import { type HistoryEvent, isWrite } from './history.ts';
import { type Judgement, judge } from './judgement.ts';

export const syncFreshness: Checker<'history', 'apacheLeaders'> = {
  name: 'sync freshness',
  description: 'syncs whose answers lack writes that were acknowledged before them',
  needs: ['history'],
  check: ({ history, apacheLeaders }) => checkSyncFreshness(history, apacheLeaders),
};

/**
 * Checks that a read behind a sync shows every write that was acknowledged before the sync began. This holds
 * within one epoch: a sync asks the leader but no quorum, so a leader that has lost its quorum without
 * noticing answers for its own epoch only, as in Apache ZooKeeper. `session-order.ts` makes sure that reads
 * behind the sync are not older. What an Apache leader answers its own clients is left out; see
 * `early-syncs.ts`.
 */
export function checkSyncFreshness(
  history: readonly HistoryEvent[],
  apacheLeaders: ApacheLeaders = {},
): Judgement {
  const reasons: string[] = [];
  /** The newest acknowledged write of each epoch. */
  const acknowledged = new Map<number, number>();
  const knownAtInvoke = new Map<number, readonly (readonly [epoch: number, zxid: number])[]>();
  let checked = 0;
  for (const event of history) {
    const { f, type, operation, zxid = 0 } = event;
    if (f === 'sync' && type === 'invoke') knownAtInvoke.set(operation, [...acknowledged]);
    if (type !== 'ok') continue;
    if (isWrite(f)) acknowledged.set(epochOf(zxid), Math.max(zxid, acknowledged.get(epochOf(zxid)) ?? 0));
    if (f !== 'sync' || isEarlySync(event, apacheLeaders)) continue;
    checked++;
    for (const [epoch, newest] of knownAtInvoke.get(operation) ?? []) {
      if (epoch > epochOf(zxid) || newest <= zxid) continue;
      reasons.push(
        `sync ${operation} was answered as of zxid ${zxid}, but zxid ${newest} was acknowledged before it began`,
      );
    }
  }
  const notes = notesOnEarlySyncs(history, apacheLeaders);
  return { ...judge('sync freshness', checked, reasons), ...(notes.length > 0 && { notes }) };
}
