import { isAtSameAddress } from '../../membership/activation.ts';
import type { Configuration } from '../../membership/configuration.ts';
import type { QuorumServer } from '../../membership/quorum-server.ts';

/**
 * Who leads once `next` is in force. The leader itself, if it votes there and its learners find it at the
 * same address; else the voter that has most of what was proposed, so that least is lost. Of several, the one
 * with the highest sid. `acked`: the last zxid that each server has on disk; `since`: that of the
 * reconfiguration.
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
