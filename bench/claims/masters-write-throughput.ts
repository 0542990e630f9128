import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { withoutAndWithMasters } from './pairs.ts';
import { atLeast, ratioOf } from './timed.ts';
import { short, timedClaim } from './timed-claim.ts';

/** 004-15: observers no longer burden the leader. */
export const mastersWriteThroughput: Claim = timedClaim(
  {
    id: '004-15',
    title: 'With observer masters an ensemble writes more under high load',
    source: 'Observers guide, observer masters: better performance while the leader is under high load',
    hypothesis: 'At saturation, write throughput with masters is above that of the same members without',
    metric: 'writeThroughput, with masters over without',
    unit: 'ratio',
    control: 'the same members without observerMasterPort, rounds interleaved',
    needs: ['healthy'],
  },
  {
    pairs: withoutAndWithMasters(CONDITIONS.healthy, { metric: 'writeThroughput', what: 'write throughput' }),
    test: (a, b) => atLeast(a, b, 1),
    estimate: ratioOf,
    worst: 'lowest',
    say: ({ topology }, { value }) =>
      `${topology} committed ${short(value)} times the writes of the same members without masters`,
    warnings: ({ result }) => [
      `all members share ${result.environment.cores} cores, so work that the leader no longer does is done on the same machine`,
    ],
  },
);
