import { EQUAL_PROCESSES, inOtherRoles, observersCostLess } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

/** 004-2: observers do not vote, so more of them should not make votes slower. */
export const observersLeaveWritesFlat = timedClaim(
  {
    id: '004-2',
    title: 'Observers can be added without hurting write throughput',
    source: 'Observers guide, introduction: as many observers as one likes, without harm to the vote',
    hypothesis: 'Members that observe leave more writes than the same members when they vote',
    metric: 'writeThroughput, some observing over all voting',
    unit: 'ratio',
    control:
      'as many processes, all of them voters, rounds interleaved: what processes cost each other on shared cores is on both sides',
    needs: ['roles'],
    rule: { scale: 'ratio', margin: { low: 1 }, tells: { spread: 0.09, holds: 1.2, fails: 0.83 } },
  },
  {
    pairs: inOtherRoles('voting', { metric: 'writeThroughput', what: 'write throughput' }),
    lacking: EQUAL_PROCESSES,
    say: ({ subject, control }, number) => `${subject} committed ${number} the writes of ${control}`,
    exact: observersCostLess,
  },
);
