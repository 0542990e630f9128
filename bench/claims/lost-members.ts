import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { healthyAndUnder, observed } from './pairs.ts';
import { atLeast, ratioOf } from './timed.ts';
import { short, timedClaim } from './timed-claim.ts';

const OBSERVERS_SHARE = 0.9;
const VOTER_SHARE = 0.5;

const WRITES = { metric: 'writeThroughput', what: 'write throughput' };

/** 004-5: the failure of an observer does not affect the ensemble. */
export const lostObserversLeaveWrites: Claim = timedClaim(
  {
    id: '004-5',
    title: 'Observers that are cut off do not reduce writes',
    source: 'Observers guide, introduction: observers may fail or be cut off without harm to availability',
    hypothesis: `With every observer blackholed, at least ${OBSERVERS_SHARE * 100} % of the healthy writes are committed`,
    metric: 'writeThroughput, observers blackholed over healthy',
    unit: 'ratio',
    control: 'the same ensemble, healthy, in the same round',
    needs: ['healthy', 'observersBlackholed'],
  },
  {
    pairs: healthyAndUnder(CONDITIONS.observersBlackholed, WRITES, observed),
    test: (a, b) => atLeast(a, b, OBSERVERS_SHARE),
    estimate: ratioOf,
    worst: 'lowest',
    say: ({ topology }, { value }) =>
      `with every observer cut off, ${topology} committed ${short(value)} times as many writes as healthy`,
  },
);

/** 000-2: a quorum is enough. */
export const lostVoterLeavesWrites: Claim = timedClaim(
  {
    id: '000-2',
    title: 'Writes go on while one voter is cut off',
    source: 'ZOOKEEPER-368: a commit needs acks of a quorum, not of all',
    hypothesis: `With one follower blackholed, at least ${VOTER_SHARE * 100} % of the healthy writes are committed`,
    metric: 'writeThroughput, one voter blackholed over healthy',
    unit: 'ratio',
    control: 'the same ensemble, healthy, in the same round',
    needs: ['healthy', 'oneVoterBlackholed'],
  },
  {
    pairs: healthyAndUnder(CONDITIONS.oneVoterBlackholed, WRITES, evidence => [
      ...evidence.votersOnly,
      ...observed(evidence),
    ]),
    test: (a, b) => atLeast(a, b, VOTER_SHARE),
    estimate: ratioOf,
    worst: 'lowest',
    say: ({ topology }, { value }) =>
      `with one follower cut off, ${topology} committed ${short(value)} times as many writes as healthy`,
  },
);
