import { CONDITIONS } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import type { Claim } from './claim.ts';
import { votersOf } from './judging/evidence.ts';
import { exactClaim } from './judging/exact-claim.ts';

/** 000-4: an observer takes no part in agreement. */
export const observersNeverAck: Claim = exactClaim(
  {
    id: '000-4',
    title: 'An observer never acknowledges',
    source: 'ZOOKEEPER-368: an observer takes no part in agreement',
    hypothesis: 'Observers send no ACK during a load of thousands of writes',
    metric: 'acksFromObservers',
    unit: 'messages',
    control: 'ACKs that the leader receives per write, which must not be 0',
    needs: ['healthy'],
  },
  {
    lacking: 'topology with observers and at least two voters',
    counted: evidence =>
      // A single voter decides alone, so nobody sends acknowledgements.
      [...evidence.withObservers, ...evidence.withMasters].filter(isCounted).map(topology => ({
        what: topology.name,
        series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
        keys: ['acksFromObservers', 'acksToLeaderPerWrite'],
      })),
    find(counts) {
      const acks = counts.reduce((sum, each) => sum + each.acksFromObservers!, 0);
      const heard = counts.every(each => each.acksToLeaderPerWrite! > 0);
      return {
        holds: acks === 0 && heard,
        value: acks,
        reason: heard
          ? `Observers sent ${acks} ACKs, while the leader received ${formatNumber(counts[0]!.acksToLeaderPerWrite!)} per write.`
          : 'The leader received no ACK from anybody, so the count itself is in doubt.',
      };
    },
  },
);

function isCounted(topology: Topology): boolean {
  return votersOf(topology) > 1;
}
