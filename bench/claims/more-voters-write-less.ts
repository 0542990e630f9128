import { EQUAL_PROCESSES, inOtherRoles, observersCostLess } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

/** 004-1: a write needs more than half of the voters. This is the reason for observers. */
export const moreVotersWriteLess = timedClaim(
  {
    id: '004-1',
    title: 'More voters lower write throughput',
    source: 'Observers guide, introduction: more voters, lower write performance',
    hypothesis: 'Members that vote leave fewer writes than the same members when some of them only observe',
    metric: 'writeThroughput, all voting over some observing',
    unit: 'ratio',
    control:
      'as many processes, of which some observe, rounds interleaved: what processes cost each other on shared cores is on both sides',
    needs: ['roles'],
    rule: { scale: 'ratio', margin: { high: 1 }, tells: { spread: 0.09, holds: 0.83, fails: 1.2 } },
  },
  {
    pairs: inOtherRoles('observing', { metric: 'writeThroughput', what: 'write throughput' }),
    lacking: EQUAL_PROCESSES,
    say: ({ subject, control }, number) => `${subject} committed ${number} the writes of ${control}`,
    exact: observersCostLess,
  },
);
