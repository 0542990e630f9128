import { CONDITIONS } from '../../results/names.ts';
import { formatNumber, formatUnit } from '../../results/number-text.ts';
import type { Claim } from './claim.ts';
import { exactClaim, worstOf } from './judging/exact-claim.ts';
import { COUNT_TOLERANCE } from './judging/protocol-counts.ts';

/** 004-9: for each write a voter exchanges PROPOSAL, ACK and COMMIT, an observer only INFORM. */
export const observerMessages: Claim = exactClaim(
  {
    id: '004-9',
    title: 'A write costs an observer fewer messages and bytes than a follower',
    source: 'Observers guide, introduction: fewer messages without the vote',
    hypothesis: 'Per committed write an observer takes one message (INFORM), a follower three and more bytes',
    metric: 'observerMessagesPerWrite, observerBytesPerWrite',
    unit: 'messages',
    control: 'the followers of the same ensemble under the same load',
    needs: ['healthy'],
  },
  {
    lacking: 'topology with observers at the leader',
    counted: evidence =>
      evidence.withObservers.map(topology => ({
        what: topology.name,
        series: evidence.series('writeThroughput', topology, CONDITIONS.healthy),
        keys: [
          'observerMessagesPerWrite',
          'followerMessagesPerWrite',
          'observerBytesPerWrite',
          'followerBytesPerWrite',
        ],
      })),
    find(counts, evidence) {
      return worstOf(
        counts.map((each, index) => {
          const [observer, follower] = [each.observerMessagesPerWrite!, each.followerMessagesPerWrite!];
          const [bytes, ofFollower] = [each.observerBytesPerWrite!, each.followerBytesPerWrite!];
          return {
            holds: observer <= 1 + COUNT_TOLERANCE && observer < follower && bytes < ofFollower,
            value: observer,
            reason:
              `In ${evidence.withObservers[index]!.name} a write cost an observer ${formatUnit(observer, 'messages')} (INFORM) and ${formatNumber(bytes)} bytes, ` +
              `a follower ${formatNumber(follower)} (PROPOSAL, ACK, COMMIT) and ${formatNumber(ofFollower)} bytes; requests apart.`,
          };
        }),
      );
    },
  },
);
