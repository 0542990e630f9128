import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { COUNT_TOLERANCE, exactClaim, worstOf } from './exact-claim.ts';

/** 000-11, 004-15: the leader must not send more messages with observers, once others serve them. */
export const leaderMessages: Claim = exactClaim(
  {
    id: '000-11',
    title: 'With observer masters the leader sends no more messages per write than without observers',
    source:
      'ZOOKEEPER-368: the leader’s load shall not grow with observers; Observers guide: the burden leaves the leader',
    hypothesis: `With masters the leader sends as many messages per write as with voters alone (within ${COUNT_TOLERANCE * 100} %), and fewer than without masters`,
    metric: 'leaderMessagesPerWrite',
    unit: 'messages',
    control: 'the same voters without observers, and the same members without observerMasterPort',
    needs: ['healthy'],
  },
  {
    counted: evidence =>
      evidence.mastersPairs.flatMap(({ voters, observers, masters }) =>
        [voters, observers, masters].map(topology => ({
          what: topology?.name ?? 'voters alone',
          series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
          keys: ['leaderMessagesPerWrite'],
        })),
      ),
    find(counts, evidence) {
      const found = evidence.mastersPairs.map((pair, index) => {
        const [voters, observers, masters] = counts
          .slice(3 * index)
          .map(each => each.leaderMessagesPerWrite!) as [number, number, number];
        return {
          holds: masters <= voters * (1 + COUNT_TOLERANCE) && masters < observers,
          value: masters,
          reason:
            `The leader of ${pair.masters.name} sent ${masters.toFixed(2)} messages per write; with observers of its own it sent ` +
            `${observers.toFixed(2)}, with voters alone ${voters.toFixed(2)}.`,
        };
      });
      return worstOf(found);
    },
  },
);
