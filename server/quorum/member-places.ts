/** Where a member finds the others, according to the configurations that it knows. */

import type { ElectionMember, ElectionMembers } from '../election/election-members.ts';
import type { ElectionView } from '../election/fast-leader-election.ts';
import type { Master } from '../learner/master-dialer.ts';
import type { MasterCandidates } from '../learner/observer-masters.ts';
import type { Membership } from '../membership/membership.ts';
import { electionAddressesOf, masterAddressesOf, quorumAddressesOf } from '../membership/quorum-server.ts';

/**
 * Rounds of dialing a new leader, three seconds in all. Upstream gives up after five rounds of 100 ms, but a
 * leader that is a JVM on a busy machine may need longer until it listens. If its voters give up, it has no
 * followers until its initLimit is over, and the next elected leader may fare no better.
 */
const LEADER_ROUNDS = 33;

/** This server is always among the members: even when it was removed, it goes on at its own address. */
export function electionViewOf(membership: Membership): ElectionView & { members: ElectionMembers } {
  const { role, quorum, servers, own } = membership;
  const members = new Map<number, ElectionMember>();
  for (const sid of servers.keys())
    members.set(sid, { places: membership.placesOf(sid).map(electionAddressesOf) });
  members.set(own.sid, { places: [electionAddressesOf(own)] });
  return { role, quorum, members };
}

/** A leader may be at its address in either configuration. */
export function leaderRounds(membership: Membership, leader: number): Master[][] {
  const places = membership.placesOf(leader);
  const masters = places.map(place => ({ sid: leader, addresses: quorumAddressesOf(place) }));
  return Array.from({ length: LEADER_ROUNDS }, () => masters);
}

/** Every server that an observer can have for its master. */
export function allMasters({ servers, committed }: Membership, port: number): Master[] {
  const voters = [...committed.verifier.voters];
  return voters.map(sid => ({ sid, addresses: masterAddressesOf(servers.get(sid)!, port) }));
}

/**
 * While the votes for a leader are counted, a vote may bring a configuration that does not name that leader
 * any more. Then only followers are candidates, and one of them may know more.
 */
export function masterCandidates(membership: Membership, leader: number, port: number): MasterCandidates {
  const followers = allMasters(membership, port).filter(({ sid }) => sid !== leader);
  const server = membership.servers.get(leader);
  if (server === undefined) return { followers, leader: undefined };
  return { followers, leader: { sid: leader, addresses: masterAddressesOf(server, port) } };
}
