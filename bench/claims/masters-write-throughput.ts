import { CONDITIONS } from '../../results/names.ts';
import { mastersCostLess, withoutAndWithMasters } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

/** 004-15: observers no longer burden the leader. */
export const mastersWriteThroughput = timedClaim(
  {
    id: '004-15',
    title: 'With observer masters an ensemble writes more under high load',
    source: 'Observers guide, observer masters: better performance while the leader is under high load',
    hypothesis: 'At saturation, write throughput with masters is above that of the same members without',
    metric: 'writeThroughput, with masters over without',
    unit: 'ratio',
    control: 'the same members without observerMasterPort, rounds interleaved',
    needs: ['roles', 'rolesBehindMasters'],
    rule: { scale: 'ratio', margin: { low: 1 }, tells: { spread: 0.18, holds: 1.5, fails: 0.67 } },
  },
  {
    lacking: 'pair of topologies of the same members, with observer masters and without',
    pairs: withoutAndWithMasters(
      CONDITIONS.healthy,
      { metric: 'writeThroughput', what: 'write throughput' },
      ({ roles }) => roles,
    ),
    say: ({ subject, control }, number) => `${subject} committed ${number} the writes of ${control}`,
    exact: mastersCostLess,
    warnings: ({ result }) => [
      `all members share ${result.environment.cores} cores, so work that the leader no longer does is done on the same machine`,
    ],
  },
);
