import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { votersOf } from './judging/evidence.ts';
import { exactClaim, worstOf } from './judging/exact-claim.ts';

/** 004-16: observers connect to followers, so the leader has connections only to its followers. */
export const leaderConnections: Claim = exactClaim(
  {
    id: '004-16',
    title: 'With observer masters the leader has connections only to its followers',
    source: 'Observers guide, observer masters: fewer connections at the leader',
    hypothesis: 'With masters the leader has voters - 1 learners; without masters it has more',
    metric: 'leaderConnections',
    unit: 'connections',
    control: 'the same members without observerMasterPort',
    needs: ['healthy'],
  },
  {
    lacking: 'pair of topologies of the same members, with observer masters and without',
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
          reason: `The leader of ${pair.masters.name} had ${masters} learners with masters and ${without} without; it has ${followers} followers.`,
        };
      });
      return worstOf(found);
    },
  },
);
