import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import type { Evidence } from './evidence.ts';
import { atMostAbove, differenceOf } from './timed.ts';
import { short, timedClaim } from './timed-claim.ts';

/** How late a turn of the server's loop may be: its budget, one bounded request, and noise of the machine. */
const MARGIN_MS = 20;

/** No client can make another one wait, however it behaves. */
export const neighboursLeaveReads: Claim = timedClaim(
  {
    id: 'L2',
    title: 'A quiet client does not wait for its greedy neighbours',
    source:
      'zklab’s own; on other servers one client that pipelines expensive requests keeps all others waiting',
    hypothesis: `Next to neighbours that pipeline walks, large reads, multis on long ACLs and four-letter words, 99 of 100 reads of a quiet client take at most ${MARGIN_MS} ms longer than with these neighbours at another member`,
    metric: 'quietReadP99 at the leader, neighbours at the leader minus neighbours at a follower',
    unit: 'ms',
    control:
      'the same client at the same leader while the same neighbours keep a follower busy, in the same round',
    needs: ['greedyNeighbours'],
  },
  {
    pairs: (evidence: Evidence) =>
      evidence.votersOnly.slice(0, 1).map(topology => ({
        topology: topology.name,
        a: evidence.series('quietReadP99', topology, CONDITIONS.greedyElsewhere),
        aWhat: 'reads of a quiet client while its neighbours are at another member',
        b: evidence.series('quietReadP99', topology, CONDITIONS.greedyNeighbours),
        bWhat: 'reads of a quiet client beside greedy neighbours',
      })),
    test: (a, b) => atMostAbove(a, b, MARGIN_MS),
    estimate: differenceOf,
    worst: 'highest',
    say: (_pair, { value }) =>
      `compared within rounds, the 99th percentile of a quiet client's reads was ${short(Math.abs(value))} ms ` +
      `${value < 0 ? 'less' : 'more'} next to greedy neighbours than with the same neighbours at another member`,
  },
);
