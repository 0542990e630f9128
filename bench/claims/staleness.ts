import { CONDITIONS } from '../../results/names.ts';
import { type Evidence, hasMasters, membersText } from './judging/evidence.ts';
import type { Pair } from './judging/pair-judgement.ts';
import { observed } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

const MARGIN_MS = 1;
const BEHIND_MASTER_MS = 2;

/** A read at an observer may be stale, as one at a follower may. */
export const observersShowWritesSoon = timedClaim(
  {
    id: 'L12',
    title: 'An observer shows a write about as soon as a follower does',
    source: 'zklab’s own; ZooKeeper’s guarantees: a client’s view is up to date within a bound of time',
    hypothesis: `At a steady rate of writes, a write at the leader is seen at an observer at most ${MARGIN_MS} ms later than at a follower, and at most ${BEHIND_MASTER_MS} ms later behind an observer master`,
    metric: 'stalenessMs, at an observer minus at a follower',
    unit: 'ms',
    control: 'a follower of the same ensemble, which sees the same writes',
    needs: ['staleness'],
    rule: {
      scale: 'difference',
      margin: { high: MARGIN_MS },
      tells: { spread: 0.4, holds: 0.3, fails: 3 },
    },
  },
  {
    lacking: 'topology with observers at which writes of the leader were followed',
    pairs: evidence =>
      seen(evidence, 'stalenessMs').map(pair => ({
        ...pair,
        ...(pair.isBehindMaster && { margin: { high: BEHIND_MASTER_MS } }),
      })),
    say: ({ subject }, number, value) =>
      `with ${subject}, an observer showed a write ${number} ${value < 0 ? 'sooner' : 'later'} than a follower`,
  },
);

/** At 500 writes per second, 10 ms. */
const MARGIN_ZXIDS = 5;

export const observersLackFewWrites = timedClaim(
  {
    id: 'L13',
    title: 'A read at an observer lacks about as few transactions as one at a follower',
    source: 'zklab’s own; ZooKeeper’s guarantees: a client’s view is up to date within a bound of time',
    hypothesis: `At a steady rate of writes, a read at an observer lacks on average at most ${MARGIN_ZXIDS} transactions more than one at a follower`,
    metric: 'zxidsBehind, at an observer minus at a follower',
    unit: 'zxids',
    control: 'a follower of the same ensemble, read at the same moments',
    needs: ['staleness'],
    rule: {
      scale: 'difference',
      margin: { high: MARGIN_ZXIDS },
      tells: { spread: 2, holds: 1, fails: 9 },
    },
  },
  {
    lacking: 'topology with observers at which writes of the leader were followed',
    pairs: evidence => seen(evidence, 'zxidsBehind'),
    say: ({ subject }, number, value) =>
      `with ${subject}, a read at an observer lacked ${number} ${value < 0 ? 'fewer' : 'more'} than one at a follower`,
  },
);

function seen({ clients }: Evidence, metric: string): (Pair & { readonly isBehindMaster: boolean })[] {
  return observed(clients).map(topology => ({
    subject: membersText(topology),
    control: 'a follower',
    a: clients.series(metric, topology, CONDITIONS.seenAtFollower),
    aWhat: `${metric} at a follower of ${topology.name}`,
    b: clients.series(metric, topology, CONDITIONS.seenAtObserver),
    bWhat: `${metric} at an observer of ${topology.name}`,
    isBehindMaster: hasMasters(topology),
  }));
}
