/** The registry of claims, in the order in which reports list claims with the same verdict. */
import { UsageError } from '../usage-error.ts';
import type { Claim } from './claim.ts';
import { failsOverSooner } from './fails-over-sooner.ts';
import {
  hundredsOfObservers,
  mastersKeepTheLeaderSmall,
  mastersSpareTheLeader,
} from './hundreds-of-observers.ts';
import { hundredsServeSooner } from './hundreds-serve-sooner.ts';
import { operationsByMember } from './judging/operations-by-member.ts';
import { messagesOfTheProtocol, oneSyncPerWrite } from './judging/protocol-costs.ts';
import { leaderConnections } from './leader-connections.ts';
import { leaderMessages } from './leader-messages.ts';
import { livenessAfterHeal } from './liveness-after-heal.ts';
import { localSessions } from './local-sessions.ts';
import { lostObserversLeaveWrites, lostVoterLeavesWrites } from './lost-members.ts';
import { mastersSyncHundredsSooner } from './masters-sync-hundreds-sooner.ts';
import { mastersSyncSooner } from './masters-sync-sooner.ts';
import { mastersWriteThroughput } from './masters-write-throughput.ts';
import { membersApplyCommits } from './members-apply-commits.ts';
import { membersStayUp } from './members-stay-up.ts';
import { moreVotersWriteLess } from './more-voters-write-less.ts';
import { neighboursLeaveReads } from './neighbours-leave-reads.ts';
import { observerLinks } from './observer-links.ts';
import { observerMessages } from './observer-messages.ts';
import { observersLeaveWritesFlat } from './observers-leave-writes-flat.ts';
import { observersNeverAck } from './observers-never-ack.ts';
import { proposalsToObservers } from './proposals-to-observers.ts';
import { readsLeaveWrites } from './reads-leave-writes.ts';
import { readsBearSessions, readsScaleWithObservers } from './reads-scale.ts';
import { readsThroughLeaderLoss, readsThroughQuorumLoss } from './reads-through-outage.ts';
import { reconfigurationsLeaveClients } from './reconfigurations-leave-clients.ts';
import { observerLatencyLeavesWrites, readsAreLocal } from './slow-observer-links.ts';
import { observersLackFewWrites, observersShowWritesSoon } from './staleness.ts';
import { streamLeavesVoters } from './stream-leaves-voters.ts';
import { unusedMasters, unusedMastersCpu } from './unused-masters.ts';
import { writeThroughObserver } from './write-through-observer.ts';

export const CLAIMS: readonly Claim[] = [
  observersLeaveWritesFlat,
  observersNeverAck,
  observerMessages,
  observerLinks,
  proposalsToObservers,
  operationsByMember,
  leaderConnections,
  leaderMessages,
  messagesOfTheProtocol,
  oneSyncPerWrite,
  membersApplyCommits,
  mastersWriteThroughput,
  moreVotersWriteLess,
  unusedMasters,
  unusedMastersCpu,
  readsScaleWithObservers,
  readsBearSessions,
  readsLeaveWrites,
  writeThroughObserver,
  observersShowWritesSoon,
  observersLackFewWrites,
  localSessions,
  streamLeavesVoters,
  neighboursLeaveReads,
  lostObserversLeaveWrites,
  lostVoterLeavesWrites,
  observerLatencyLeavesWrites,
  readsAreLocal,
  mastersSyncSooner,
  mastersSyncHundredsSooner,
  hundredsServeSooner,
  hundredsOfObservers,
  mastersKeepTheLeaderSmall,
  mastersSpareTheLeader,
  readsThroughQuorumLoss,
  readsThroughLeaderLoss,
  failsOverSooner,
  reconfigurationsLeaveClients,
  livenessAfterHeal,
  membersStayUp,
];

/** @param only ids, comma-separated; undefined for all. @throws UsageError naming the existing ids */
export function chooseClaims(only: string | undefined, claims = CLAIMS): Claim[] {
  if (only === undefined) return [...claims];
  const ids = only
    .split(',')
    .map(id => id.trim())
    .filter(id => id !== '');
  const unknown = ids.filter(id => !claims.some(claim => claim.id === id));
  if (unknown.length > 0 || ids.length === 0)
    throw new UsageError(
      `claims "${only}": unknown ${unknown.join(', ') || '(none given)'}; accepted are ${claims.map(({ id }) => id).join(', ')}`,
    );
  return claims.filter(({ id }) => ids.includes(id));
}
