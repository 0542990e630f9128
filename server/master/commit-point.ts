import type { QuorumVerifier } from '../membership/quorum-verifier.ts';

/**
 * The highest zxid that a quorum has on disk. A server syncs and acks in order, so its latest ack stands for
 * all before it. 0 when no quorum has acked anything. Observers have no entry (rows 000-4, 000-5).
 */
export function commitPoint(lastAcked: ReadonlyMap<number, number>, verifier: QuorumVerifier): number {
  const candidates = [...new Set(lastAcked.values())].sort((a, b) => b - a);
  for (const zxid of candidates) {
    const have = new Set<number>();
    for (const [sid, acked] of lastAcked) if (acked >= zxid) have.add(sid);
    if (verifier.containsQuorum(have)) return zxid;
  }
  return 0;
}
