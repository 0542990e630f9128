import { CONDITIONS } from '../../results/names.ts';
import { healthyAndUnder, observedUnder } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

/**
 * The margin is not 1: while the observers leave their cores free, followers answer sooner, the leader's
 * batches get smaller, and a write costs the leader a tenth more CPU. Dropping the observers costs it some
 * CPU, too. A leader that waits for its observers stops altogether.
 */
const OBSERVERS_SHARE = 2 / 3;
const VOTER_SHARE = 0.5;

const WRITES = { metric: 'writeThroughput', what: 'write throughput' };

/** 004-5: the failure of an observer does not affect the ensemble. */
export const lostObserversLeaveWrites = timedClaim(
  {
    id: '004-5',
    title: 'Writes go on while every observer is cut off',
    source: 'Observers guide, introduction: observers may fail or be cut off without harm to availability',
    hypothesis: `With every observer blackholed, at least two thirds of the healthy writes are committed`,
    metric: 'writeThroughput, observers blackholed over healthy',
    unit: 'ratio',
    control:
      'the same ensemble, healthy, in the same round; members have CPU budgets, so that a cut gives the leader no more of a core',
    needs: ['observersBlackholed'],
    rule: {
      scale: 'ratio',
      margin: { low: OBSERVERS_SHARE },
      tells: { spread: 0.12, holds: 0.9, fails: 0.45 },
    },
  },
  {
    lacking: 'topology with observers',
    pairs: healthyAndUnder(
      CONDITIONS.observersBlackholed,
      [WRITES],
      observedUnder(CONDITIONS.observersBlackholed),
      CONDITIONS.withoutTheCut,
    ),
    say: ({ subject, control }, number) =>
      `with every observer cut off, ${subject} committed ${number} the writes of ${control}`,
  },
);

/** 000-2: a quorum is enough. */
export const lostVoterLeavesWrites = timedClaim(
  {
    id: '000-2',
    title: 'Writes go on while one voter is cut off',
    source: 'ZOOKEEPER-368: a commit needs acks of a quorum, not of all',
    hypothesis: `With one follower blackholed, at least ${VOTER_SHARE * 100} % of the healthy writes are committed`,
    metric: 'writeThroughput, one voter blackholed over healthy',
    unit: 'ratio',
    control: 'the same ensemble, healthy, in the same round',
    needs: ['healthy', 'oneVoterBlackholed'],
    rule: { scale: 'ratio', margin: { low: VOTER_SHARE }, tells: { spread: 0.15, holds: 0.9, fails: 0.25 } },
  },
  {
    lacking: 'topology with three voters or more',
    pairs: healthyAndUnder(CONDITIONS.oneVoterBlackholed, [WRITES], evidence => [
      ...evidence.votersOnly,
      ...evidence.withObservers,
    ]),
    say: ({ subject, control }, number) =>
      `with one follower cut off, ${subject} committed ${number} the writes of ${control}`,
  },
);
