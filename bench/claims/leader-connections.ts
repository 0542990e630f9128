import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { votersOf } from './evidence.ts';
import { exactClaim } from './exact-claim.ts';

/** Row 004-16: observers attach to followers, so the leader keeps its followers alone. */
export const leaderConnections: Claim = exactClaim(
  {
    id: '004-16',
    title: 'With observer masters the leader has fewer connections: its followers alone',
    source: 'Observers guide, row 004-16',
    hypothesis: 'The leader of an ensemble with masters has voters - 1 learners, and more without masters',
    metric: 'leaderConnections',
    unit: 'connections',
    control: 'the same members without observerMasterPort',
    needs: ['healthy'],
  },
  {
    counted: evidence =>
      evidence.mastersPairs.flatMap(pair =>
        [pair.observers, pair.masters].map(topology => ({
          what: topology.name,
          series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
          keys: ['leaderConnections'],
        })),
      ),
    find(counts, evidence) {
      const [without, masters] = counts.map(each => each.leaderConnections!) as [number, number];
      const followers = votersOf(evidence.mastersPairs[0]!.masters) - 1;
      return {
        holds: masters === followers && without > masters,
        value: masters,
        reason: `The leader kept ${masters} learner connections with masters and ${without} without; it has ${followers} followers.`,
      };
    },
  },
);
