/** Claims that need no fault. */
import type { Claim } from './claim.ts';
import { leaderConnections } from './leader-connections.ts';
import { leaderMessages } from './leader-messages.ts';
import { mastersWriteThroughput } from './masters-write-throughput.ts';
import { moreVotersWriteLess } from './more-voters-write-less.ts';
import { neighboursLeaveReads } from './neighbours-leave-reads.ts';
import { observerMessages } from './observer-messages.ts';
import { observersLeaveWritesFlat } from './observers-leave-writes-flat.ts';
import { observersNeverAck } from './observers-never-ack.ts';

export const BENCH_CLAIMS: readonly Claim[] = [
  observersLeaveWritesFlat,
  observersNeverAck,
  observerMessages,
  leaderConnections,
  leaderMessages,
  mastersWriteThroughput,
  moreVotersWriteLess,
  neighboursLeaveReads,
];
