import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { exactClaim } from './exact-claim.ts';

/** Row 000-4: an observer takes no part in agreement. */
export const observersNeverAck: Claim = exactClaim(
  {
    id: '000-4',
    title: 'An observer never acknowledges',
    source: 'ZOOKEEPER-368: an observer takes no part in agreement',
    hypothesis: 'Over a load of thousands of writes observers send not one ACK',
    metric: 'acksFromObservers',
    unit: 'messages',
    control: 'acks to the leader per write, which are there',
    needs: ['healthy'],
  },
  {
    counted: evidence =>
      [...evidence.withObservers, ...evidence.withMasters].map(topology => ({
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
          ? `Observers sent ${acks} acks, while the leader heard ${counts[0]!.acksToLeaderPerWrite!.toFixed(2)} per write.`
          : 'The leader heard no ack of anybody: the count itself is in doubt.',
      };
    },
  },
);
