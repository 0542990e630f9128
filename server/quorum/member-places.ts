/** Where a member finds the others, by the configurations that it has. */

import type { ElectionMembers } from '../election/election-members.ts';
import type { ElectionView } from '../election/fast-leader-election.ts';
import type { MasterCandidates } from '../learner/observer-masters.ts';
import type { Membership } from '../membership/membership.ts';
import { electionAddressOf, quorumAddressOf } from '../membership/quorum-server.ts';
import type { Address } from '../runtime/runtime.ts';

/**
 * Rounds of dialing a new leader, three seconds in all. Upstream gives up after five rounds of 100 ms, but a
 * leader that is a JVM on a busy machine may need longer until it listens. If its voters give up, it leads
 * nobody until its initLimit is over, and the next one elected may fare no better.
 */
const LEADER_ROUNDS = 33;

/** This server is always among the members: one that was removed goes on at its own address. */
export function electionViewOf(membership: Membership): ElectionView & { members: ElectionMembers } {
  const { role, quorum, servers, own } = membership;
  const members = new Map<number, { electionAddresses: readonly Address[] }>();
  for (const sid of servers.keys())
    members.set(sid, { electionAddresses: membership.placesOf(sid).map(electionAddressOf) });
  members.set(own.sid, { electionAddresses: [electionAddressOf(own)] });
  return { role, quorum, members };
}

/** A leader may be at its address of either configuration. */
export function leaderRounds(membership: Membership, leader: number): Address[][] {
  const addresses = membership.placesOf(leader).map(quorumAddressOf);
  return Array.from({ length: LEADER_ROUNDS }, () => addresses);
}

export function masterCandidates(membership: Membership, leader: number, port: number): MasterCandidates {
  const { servers, committed } = membership;
  const masterAt = (sid: number) => ({ host: quorumAddressOf(servers.get(sid)!).host, port });
  const followers = [...committed.verifier.voters].filter(sid => sid !== leader);
  return { followers: followers.map(masterAt), leader: masterAt(leader) };
}
