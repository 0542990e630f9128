import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { COUNT_TOLERANCE, exactClaim } from './exact-claim.ts';

/** 004-9: for each write a voter exchanges PROPOSAL, ACK and COMMIT, an observer only INFORM. */
export const observerMessages: Claim = exactClaim(
  {
    id: '004-9',
    title: 'A write costs an observer fewer messages than a follower',
    source: 'Observers guide, introduction: fewer messages without the vote',
    hypothesis: 'Per committed write an observer takes one message (INFORM), a follower three',
    metric: 'observerMessagesPerWrite',
    unit: 'messages',
    control: 'the followers of the same ensemble under the same load',
    needs: ['healthy'],
  },
  {
    counted: evidence =>
      evidence.withObservers.map(topology => ({
        what: topology.name,
        series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
        keys: ['observerMessagesPerWrite', 'followerMessagesPerWrite'],
      })),
    find(counts) {
      const [first] = counts;
      const observer = first!.observerMessagesPerWrite!;
      const follower = first!.followerMessagesPerWrite!;
      return {
        holds: counts.every(
          each =>
            each.observerMessagesPerWrite! <= 1 + COUNT_TOLERANCE &&
            each.observerMessagesPerWrite! < each.followerMessagesPerWrite!,
        ),
        value: observer,
        reason: `An observer took ${observer.toFixed(2)} messages per write (INFORM), a follower ${follower.toFixed(2)} (PROPOSAL, ACK, COMMIT); requests apart.`,
      };
    },
  },
);
