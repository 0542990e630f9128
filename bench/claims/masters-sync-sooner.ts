import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { withoutAndWithMasters } from './pairs.ts';
import { below, ratioOf } from './timed.ts';
import { short, timedClaim } from './timed-claim.ts';

/** 004-18: after an election many observers synchronise, and followers can share that work. */
export const mastersSyncSooner: Claim = timedClaim(
  {
    id: '004-18',
    title: 'With observer masters all observers serve sooner after the leader is lost',
    source: 'Observers guide, observer masters: many observers finish syncing and serve sooner',
    hypothesis: 'From the loss of the leader, the last learner serves sooner with masters than without',
    metric: 'syncLastLearnerMs, with masters over without',
    unit: 'ratio',
    control: 'the same members without observerMasterPort, rounds interleaved',
    needs: ['leaderKilled'],
  },
  {
    pairs: withoutAndWithMasters(CONDITIONS.leaderKilled, { metric: 'syncLastLearnerMs', what: 'sync time' }),
    test: below,
    estimate: ratioOf,
    worst: 'highest',
    say: (_pair, { value }) =>
      `compared within rounds, the time until the last learner served was ${short(value)} times as long with masters as without`,
    warnings: () => [
      'the guide speaks of hundreds of observers; a handful syncs by a short DIFF, and there is little to share',
    ],
  },
);
