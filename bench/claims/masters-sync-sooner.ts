import { CONDITIONS } from '../../results/names.ts';
import { withoutAndWithMasters } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

/**
 * 004-18 for a handful of observers: after an election observers synchronise, and followers can share that
 * work. `masters-sync-hundreds-sooner.ts` is about the hundreds that the guide speaks of.
 */
export const mastersSyncSooner = timedClaim(
  {
    id: '004-18',
    title: 'With observer masters a handful of observers serves sooner after the leader is lost',
    source: 'Observers guide, observer masters: many observers finish syncing and serve sooner',
    hypothesis: 'From the loss of the leader, the last learner serves sooner with masters than without',
    metric: 'syncLastLearnerMs, with masters over without',
    unit: 'ratio',
    control: 'the same members without observerMasterPort, rounds interleaved',
    needs: ['leaderKilled'],
    knownFailure:
      'a master serves only once it has joined the new leader itself, and a handful of observers has too little to share to make up for that',
    rule: { scale: 'ratio', margin: { high: 1 }, tells: { spread: 0.15, holds: 0.7, fails: 1.4 } },
  },
  {
    lacking: 'pair of topologies of the same members, with observer masters and without',
    pairs: withoutAndWithMasters(CONDITIONS.leaderKilled, { metric: 'syncLastLearnerMs', what: 'sync time' }),
    say: ({ subject, control }, number) =>
      `after the loss of the leader, ${subject} took ${number} the time of ${control} until the last learner served`,
    warnings: () => [
      'the guide speaks of hundreds of observers (004-18b); a handful syncs by a short DIFF, and there is little to share',
    ],
  },
);
