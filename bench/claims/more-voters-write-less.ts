import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { votersOf } from './evidence.ts';
import { below, ratioOf } from './timed.ts';
import { short, timedClaim } from './timed-claim.ts';

/** 004-1: a write needs more than half of the voters. This is the reason for observers. */
export const moreVotersWriteLess: Claim = timedClaim(
  {
    id: '004-1',
    title: 'More voters lower write throughput',
    source: 'Observers guide, introduction: more voters, lower write performance',
    hypothesis: 'Each larger set of voters writes less than the smallest',
    metric: 'writeThroughput, more voters over fewest',
    unit: 'ratio',
    control: 'the smallest set of voters, rounds interleaved',
    needs: ['healthy'],
  },
  {
    pairs(evidence) {
      const [fewest, ...more] = evidence.votersOnly.toSorted((a, b) => votersOf(a) - votersOf(b));
      return more.map(topology => ({
        topology: topology.name,
        a: evidence.series('writeThroughput', fewest, CONDITIONS.healthy),
        aWhat: `write throughput of ${fewest!.name}`,
        b: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
        bWhat: `write throughput of ${topology.name}`,
      }));
    },
    test: below,
    estimate: ratioOf,
    worst: 'highest',
    say: ({ topology }, { value }) =>
      `${topology} committed ${short(value)} times as many writes as the smallest set of voters`,
    warnings: ({ result }) => [
      `the voters share ${result.environment.cores} cores, so part of the effect is CPU and not agreement`,
    ],
  },
);
