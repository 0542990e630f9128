/** Every claim, in the order in which reports list those of one verdict. */
import type { Claim } from '../../bench/claims/claim.ts';
import { BENCH_CLAIMS } from '../../bench/claims/index.ts';
import { livenessAfterHeal } from './liveness-after-heal.ts';
import { lostObserversLeaveWrites, lostVoterLeavesWrites } from './lost-members.ts';
import { mastersSyncSooner } from './masters-sync-sooner.ts';
import { readsThroughLeaderLoss, readsThroughQuorumLoss } from './reads-through-outage.ts';
import { observerLatencyLeavesWrites, readsAreLocal } from './slow-observer-links.ts';

export const CLAIMS: readonly Claim[] = [
  ...BENCH_CLAIMS,
  lostObserversLeaveWrites,
  lostVoterLeavesWrites,
  observerLatencyLeavesWrites,
  readsAreLocal,
  mastersSyncSooner,
  readsThroughQuorumLoss,
  readsThroughLeaderLoss,
  livenessAfterHeal,
];
