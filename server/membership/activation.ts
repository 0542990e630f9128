import type { Configuration } from './configuration.ts';
import { roleIn } from './membership.ts';
import type { QuorumServer } from './quorum-server.ts';

/** A member at the moment at which a configuration takes effect. */
export interface ActivatingMember {
  readonly sid: number;
  /** Sid of the leader that it follows, its own sid while it leads, null while it looks. */
  readonly leader: number | null;
}

/**
 * What a member does when `after` takes the place of `before`: nothing, or it leaves its leader, and follows
 * `successor` without an election if there is one. `named` is the leader that COMMITANDACTIVATE names; null
 * when the configuration comes with UPTODATE, or where the packet does not say. Then a leader that stays
 * where it is goes on to lead. Upstream holds an election, but the leader may need this member meanwhile.
 *
 * @see QuorumPeer.processReconfig
 */
export function activationOf(
  { sid, leader }: ActivatingMember,
  before: Configuration,
  after: Configuration,
  named: number | null,
): { readonly leaves: boolean; readonly successor: number | null } {
  if (leader === null || after.verifier.version <= before.verifier.version) return STAYS;
  const changesRole = roleIn(before, sid) !== roleIn(after, sid);
  const changesLeader = named === null ? hasMoved(leader, before, after) : named !== leader;
  // A leader that stays leads on. A pending configuration may have elected an observer.
  if (!changesLeader && (!changesRole || leader === sid)) return STAYS;
  return { leaves: true, successor: named ?? (changesLeader ? null : leader) };
}

const STAYS = { leaves: false, successor: null };

/** The leader has no vote any more, or listens elsewhere. */
function hasMoved(leader: number, before: Configuration, after: Configuration): boolean {
  if (!after.verifier.isVoter(leader)) return true;
  const [old, next] = [before, after].map(({ servers }) => servers.get(leader));
  return old === undefined || next === undefined || !isAtSameAddress(old, next);
}

/** True for servers that learners reach at the same addresses. */
export function isAtSameAddress(a: QuorumServer, b: QuorumServer): boolean {
  const addresses = ({ addresses }: QuorumServer) =>
    addresses.map(({ host, quorumPort }) => `${host} ${quorumPort}`).sort();
  return addresses(a).join() === addresses(b).join();
}
