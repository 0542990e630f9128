import type { JointQuorum } from '../../membership/joint-quorum.ts';
import type { QuorumVerifier } from '../../membership/quorum-verifier.ts';

/**
 * The highest zxid that may be committed: a quorum has it on disk. From the proposal of a new configuration
 * on, a quorum of that one must have it too. A server syncs and acks in order, so its latest ack stands for
 * all before it. 0 when no quorum has acked anything. Observers have no entry (rows 000-4, 000-5).
 */
export function commitPoint(lastAcked: ReadonlyMap<number, number>, quorum: JointQuorum): number {
  const { committed, next, nextFrom } = quorum;
  const point = highestAckedBy(lastAcked, committed);
  if (next === null || point < nextFrom) return point;
  return Math.min(point, Math.max(highestAckedBy(lastAcked, next), nextFrom - 1));
}

function highestAckedBy(lastAcked: ReadonlyMap<number, number>, verifier: QuorumVerifier): number {
  const candidates = [...new Set(lastAcked.values())].sort((a, b) => b - a);
  for (const zxid of candidates) {
    const have = new Set<number>();
    for (const [sid, acked] of lastAcked) if (acked >= zxid) have.add(sid);
    if (verifier.containsQuorum(have)) return zxid;
  }
  return 0;
}
