import { epochOf } from '../../server/wire/zxid.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite } from './history.ts';
import { type Judgement, judge } from './judgement.ts';

export const syncFreshness: Checker<'history'> = {
  name: 'sync freshness',
  description: 'syncs that were answered without what was acknowledged before them',
  needs: ['history'],
  check: ({ history }) => checkSyncFreshness(history),
};

/**
 * Checks that a read behind a sync shows every write that was acknowledged before the sync began. This holds
 * within one epoch: a sync asks the leader but no quorum, so a leader that has lost its quorum without
 * noticing answers for its own epoch only, as in Apache ZooKeeper. `session-order.ts` makes sure that reads
 * behind the sync are not older. A leader of Apache's answers a sync of its own clients before it has applied
 * what a follower has acknowledged already, so syncs at Apache's servers are left out.
 */
export function checkSyncFreshness(history: readonly HistoryEvent[]): Judgement {
  const reasons: string[] = [];
  /** The newest acknowledged write of each epoch. */
  const acknowledged = new Map<number, number>();
  const knownAtInvoke = new Map<number, readonly (readonly [epoch: number, zxid: number])[]>();
  let checked = 0;
  for (const { f, type, operation, zxid = 0, loose } of history) {
    if (f === 'sync' && type === 'invoke') knownAtInvoke.set(operation, [...acknowledged]);
    if (type !== 'ok') continue;
    if (isWrite(f)) acknowledged.set(epochOf(zxid), Math.max(zxid, acknowledged.get(epochOf(zxid)) ?? 0));
    if (f !== 'sync' || loose === true) continue;
    checked++;
    for (const [epoch, newest] of knownAtInvoke.get(operation) ?? []) {
      if (epoch > epochOf(zxid) || newest <= zxid) continue;
      reasons.push(
        `sync ${operation} was answered as of zxid ${zxid}, but zxid ${newest} was acknowledged before it began`,
      );
    }
  }
  return judge('sync freshness', checked, reasons);
}
