import { CONDITIONS } from '../../results/names.ts';
import { hasMasters, membersText } from './judging/evidence.ts';
import { observed } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'loneWriteLatencyP50';
const MARGIN_MS = 1;
/** A master adds a hop to the request and one to the commit. */
const BEHIND_MASTER_MS = 2;

/** The price for a client that writes through an observer. The counts of the same writes are claim 004-3. */
export const writeThroughObserver = timedClaim(
  {
    id: 'L11',
    title: 'A write through an observer takes about as long as one through a follower',
    source: 'Observers guide, introduction: clients of an observer write as those of a follower do',
    hypothesis: `One write at a time takes at most ${MARGIN_MS} ms longer through an observer than through a follower, and at most ${BEHIND_MASTER_MS} ms longer behind an observer master`,
    metric: `${METRIC}, through an observer minus through a follower`,
    unit: 'ms',
    control: 'a follower of the same ensemble, in the same round',
    needs: ['singleWrites'],
    rule: {
      scale: 'difference',
      margin: { high: MARGIN_MS },
      tells: { spread: 0.5, holds: 0.3, fails: 3 },
    },
  },
  {
    lacking: 'topology with observers through which single writes were measured',
    pairs: ({ clients }) =>
      observed(clients).map(topology => ({
        subject: membersText(topology),
        control: 'through a follower',
        a: clients.series(METRIC, topology, CONDITIONS.singleAtFollower),
        aWhat: `single writes through a follower of ${topology.name}`,
        b: clients.series(METRIC, topology, CONDITIONS.singleAtObserver),
        bWhat: `single writes through an observer of ${topology.name}`,
        ...(hasMasters(topology) && { margin: { high: BEHIND_MASTER_MS } }),
      })),
    say: ({ subject, control }, number, value) =>
      `with ${subject}, a write through an observer took ${number} ${value < 0 ? 'less' : 'longer'} than one ${control}`,
  },
);
