import { isAtSameAddress } from '../../membership/activation.ts';
import type { Configuration } from '../../membership/configuration.ts';
import type { QuorumServer } from '../../membership/quorum-server.ts';

/**
 * The sid of the leader once `next` is in force. It is this leader, if it votes there and its learners find
 * it at the same address. Else it is the voter that has most of what was proposed, so that the least is lost,
 * and of several such voters the one with the highest sid. `acked`: the last zxid that each server has on
 * disk; `since`: the zxid of the reconfiguration.
 *
 * The leader stays when nobody else may lead: it has to begin anew at its new address.
 * @see Leader.getDesignatedLeader
 */
export function designatedLeader(
  next: Configuration,
  own: QuorumServer,
  acked: ReadonlyMap<number, number>,
  since: number,
): number {
  const { verifier, servers } = next;
  if (verifier.isVoter(own.sid) && isAtSameAddress(servers.get(own.sid)!, own)) return own.sid;
  const candidates = [...acked].filter(
    ([sid, zxid]) => sid !== own.sid && zxid >= since && verifier.weightOf(sid) > 0,
  );
  candidates.sort(([a, aZxid], [b, bZxid]) => bZxid - aZxid || b - a);
  return candidates[0]?.[0] ?? own.sid;
}
