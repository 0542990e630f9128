import { CONDITIONS } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Claim } from './claim.ts';
import { exactClaim, worstOf } from './judging/exact-claim.ts';
import { COUNT_TOLERANCE } from './judging/protocol-counts.ts';

/** 000-11, 004-15: the leader must not send more messages with observers, once others serve them. */
export const leaderMessages: Claim = exactClaim(
  {
    id: '000-11',
    title:
      'With observer masters the leader sends no more messages and bytes per write than without observers',
    source:
      'ZOOKEEPER-368: the leader’s load shall not grow with observers; Observers guide: the burden leaves the leader',
    hypothesis: `With masters the leader sends as many messages and bytes per write as with voters alone (within ${COUNT_TOLERANCE * 100} %), and fewer than without masters`,
    metric: 'leaderMessagesPerWrite, leaderBytesPerWrite',
    unit: 'messages',
    control: 'the same voters without observers, and the same members without observerMasterPort',
    needs: ['healthy'],
  },
  {
    lacking: 'pair of topologies of the same members, with observer masters and without',
    counted: evidence =>
      evidence.mastersPairs.flatMap(({ voters, observers, masters }) =>
        [voters, observers, masters].map(topology => ({
          what: topology?.name ?? 'voters alone',
          series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
          keys: ['leaderMessagesPerWrite', 'leaderBytesPerWrite'],
        })),
      ),
    find(counts, evidence) {
      const found = evidence.mastersPairs.map((pair, index) => {
        const sent = counts.slice(3 * index, 3 * index + 3);
        const [voters, observers, masters] = sent.map(each => each.leaderMessagesPerWrite!) as Triple;
        const bytes = sent.map(each => each.leaderBytesPerWrite!) as Triple;
        return {
          holds: isSpared([voters, observers, masters]) && isSpared(bytes),
          value: masters,
          reason:
            `The leader of ${pair.masters.name} sent ${formatNumber(masters)} messages and ${formatNumber(bytes[2])} bytes per write; ` +
            `with observers of its own it sent ${formatNumber(observers)} and ${formatNumber(bytes[1])}, ` +
            `with voters alone ${formatNumber(voters)} and ${formatNumber(bytes[0])}.`,
        };
      });
      return worstOf(found);
    },
  },
);

/** Three counts: with voters alone, with observers at the leader, and with observers behind masters. */
type Triple = [voters: number, observers: number, masters: number];

function isSpared([voters, observers, masters]: Triple): boolean {
  return masters <= voters * (1 + COUNT_TOLERANCE) && masters < observers;
}
