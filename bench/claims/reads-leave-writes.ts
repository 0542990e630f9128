import { CONDITIONS } from '../../results/names.ts';
import { healthyAndUnder, observed } from './judging/pairs.ts';
import { exactPartOf } from './judging/protocol-counts.ts';
import { timedClaim } from './judging/timed-claim.ts';

/**
 * The margin is not nearer to 1, because an observer that is busy with reads receives in smaller pieces,
 * which costs the leader up to a tenth of its writes on one machine. Observers that shared the leader's CPU
 * would cost more than a fifth.
 */
const SHARE_MIN = 0.8;

/** Clients of observers load the observers, and not the members that vote. */
export const readsLeaveWrites = timedClaim(
  {
    id: 'L10',
    title: 'Clients that read at observers leave the writes of the voters alone',
    source: 'Observers guide, introduction: observers serve clients without harm to the vote',
    hypothesis: `While the observers answer as many reads as their CPU allows, the voters commit at least ${SHARE_MIN * 100} % of their writes, and exchange the same messages for each`,
    metric: 'writeThroughput, beside reads over without them',
    unit: 'ratio',
    control: 'the same ensemble without reads, in the same round; each member has a CPU budget of its own',
    needs: ['readsBesideWrites'],
    rule: { scale: 'ratio', margin: { low: SHARE_MIN }, tells: { spread: 0.09, holds: 0.95, fails: 0.65 } },
  },
  {
    lacking: 'topology whose observers were read from beside writes',
    pairs: ({ clients }) =>
      healthyAndUnder(
        CONDITIONS.readsBeside,
        [{ metric: 'writeThroughput', what: 'write throughput' }],
        observed,
      )(clients).map(pair => ({ ...pair, control: 'without reads' })),
    say: ({ subject, control }, number) =>
      `while clients read at the observers, ${subject} committed ${number} the writes that they committed ${control}`,
    exact({ clients }) {
      const topologies = observed(clients);
      const [quiet, beside] = [CONDITIONS.healthy, CONDITIONS.readsBeside].map(condition =>
        exactPartOf(clients, topologies, condition),
      );
      return {
        counts: [
          ...quiet!.counts,
          ...beside!.counts.map(each => ({ ...each, name: `${each.name}, beside reads` })),
        ],
        ...((quiet!.contradiction ?? beside!.contradiction) !== undefined && {
          contradiction: quiet!.contradiction ?? `beside reads, ${beside!.contradiction}`,
        }),
      };
    },
  },
);
