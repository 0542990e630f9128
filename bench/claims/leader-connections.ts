import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { votersOf } from './evidence.ts';
import { exactClaim, worstOf } from './exact-claim.ts';

/** Row 004-16: observers attach to followers, so the leader keeps its followers alone. */
export const leaderConnections: Claim = exactClaim(
  {
    id: '004-16',
    title: 'With observer masters the leader has fewer connections: its followers alone',
    source: 'Observers guide, observer masters: fewer connections at the leader',
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
      const found = evidence.mastersPairs.map((pair, index) => {
        const [without, masters] = counts.slice(2 * index).map(each => each.leaderConnections!);
        const followers = votersOf(pair.masters) - 1;
        return {
          holds: masters === followers && without! > masters,
          value: masters!,
          reason: `The leader of ${pair.masters.name} kept ${masters} learner connections, and ${without} without masters; it has ${followers} followers.`,
        };
      });
      return worstOf(found);
    },
  },
);
