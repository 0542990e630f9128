import { CONDITIONS } from '../../results/names.ts';
import type { Evidence } from './judging/evidence.ts';
import { timedClaim } from './judging/timed-claim.ts';

/**
 * How late a turn of the server's event loop may be: its time budget, one bounded request, and noise of the
 * machine.
 */
const MARGIN_MS = 20;

/** No client can make another one wait, however it behaves. */
export const neighboursLeaveReads = timedClaim(
  {
    id: 'L2',
    title: 'A quiet client does not wait for its greedy neighbours',
    source:
      'zklab’s own; on other servers one client that pipelines expensive requests keeps all others waiting',
    hypothesis: `Next to neighbours that pipeline walks, large reads, multis on long ACLs and four-letter words, 99 of 100 reads of a quiet client take at most ${MARGIN_MS} ms longer than with these neighbours at another member`,
    metric: 'quietReadP99 at the leader, neighbours at the leader minus neighbours at a follower',
    unit: 'ms',
    control:
      'the same client at the same leader while the same neighbours keep a follower busy, in the same round; in both, server and driver get a core before all others where the machine allows it',
    needs: ['greedyNeighbours'],
    rule: {
      scale: 'difference',
      margin: { high: MARGIN_MS },
      tells: { spread: 5, holds: 8, fails: 40 },
    },
  },
  {
    pairs: (evidence: Evidence) =>
      evidence.votersOnly.slice(0, 1).map(topology => ({
        subject: 'a quiet client beside greedy neighbours',
        control: 'the same client with these neighbours at another member',
        a: evidence.series('quietReadP99', topology, CONDITIONS.greedyElsewhere),
        aWhat: 'reads of a quiet client while its neighbours are at another member',
        b: evidence.series('quietReadP99', topology, CONDITIONS.greedyNeighbours),
        bWhat: 'reads of a quiet client beside greedy neighbours',
      })),
    say: ({ subject, control }, number, value) =>
      `for ${subject}, 99 of 100 reads were answered within ${number} ${value < 0 ? 'less' : 'more'} than for ${control}`,
  },
);
