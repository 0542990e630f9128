import { counterOf, epochOf } from '../wire/zxid.ts';

/**
 * How a learner is brought to the master's history: a pure decision from the learner's last zxid and from
 * what the master has. Transactions with a zxid above `after` are to be sent from `source`, as PROPOSAL and
 * COMMIT.
 * @see docs/quorum.md "Synchronisation"; LearnerHandler.syncFollower
 */
export type SyncPlan =
  /** Nothing to undo. `zxid` is what the learner will have. */
  | { readonly mode: 'DIFF'; readonly zxid: number; readonly after: number; readonly source: SyncSource }
  /** Undo everything above `zxid`, then send the rest. */
  | { readonly mode: 'TRUNC'; readonly zxid: number; readonly after: number; readonly source: SyncSource }
  | { readonly mode: 'SNAP' };

export type SyncSource = 'none' | 'committedLog' | 'disk';

export interface SyncQuestion {
  readonly peerLastZxid: number;
  readonly lastProcessedZxid: number;
  /**
   * The last committed transactions in memory, in order; `min` and `max` are lastProcessedZxid when there are
   * none.
   */
  readonly committed: { readonly min: number; readonly max: number; readonly zxids: readonly number[] };
  /**
   * zxids on disk up to the first of `committed`, from at or before `peerLastZxid` on and without a gap; null
   * when the logs do not reach back that far, are too long to be worth it, or are not needed.
   */
  readonly disk: readonly number[] | null;
  readonly forceSnapshot: boolean;
}

/** True when the learner lacks transactions older than those in memory: `disk` decides. */
export function needsDisk(question: Omit<SyncQuestion, 'disk'>): boolean {
  const { peerLastZxid: peer, lastProcessedZxid: last, committed } = question;
  return !question.forceSnapshot && peer !== last && peer <= committed.max && peer < committed.min;
}

export function planSync(question: SyncQuestion): SyncPlan {
  const { peerLastZxid: peer, lastProcessedZxid: last, committed, disk } = question;
  if (question.forceSnapshot) return SNAP;
  if (peer === last) return { mode: 'DIFF', zxid: peer, after: peer, source: 'none' };
  if (peer > committed.max) {
    // The marker of a new epoch carries no transaction that could be cut.
    if (isEpochMarker(peer)) return SNAP;
    return { mode: 'TRUNC', zxid: committed.max, after: committed.max, source: 'none' };
  }
  if (!needsDisk(question)) return fromHistory(peer, committed.max, committed.zxids, 'committedLog');
  return disk === null ? SNAP : fromHistory(peer, committed.max, disk, 'disk');
}

const SNAP: SyncPlan = { mode: 'SNAP' };

function isEpochMarker(zxid: number): boolean {
  return counterOf(zxid) === 0;
}

function fromHistory(peer: number, max: number, zxids: readonly number[], source: SyncSource): SyncPlan {
  let previous = -1;
  for (const zxid of zxids) {
    if (zxid < peer) {
      previous = zxid;
      continue;
    }
    if (zxid === peer || isEpochMarker(peer)) return { mode: 'DIFF', zxid: max, after: peer, source };
    // The learner has transactions that were never committed here. If they are of another epoch, it is
    // unknown where the histories part.
    if (epochOf(zxid) !== epochOf(peer) || previous < 0) return SNAP;
    return { mode: 'TRUNC', zxid: previous, after: previous, source };
  }
  return isEpochMarker(peer) ? { mode: 'DIFF', zxid: max, after: peer, source } : SNAP;
}
