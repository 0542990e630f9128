import { CONDITIONS } from '../../results/names.ts';
import { formatNumber, formatUnit } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import { type Evidence, membersText, observersOf, votersOf } from './judging/evidence.ts';
import type { Pair } from './judging/pair-judgement.ts';
import { COUNT_TOLERANCE, type ExactPart } from './judging/protocol-counts.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'readThroughput';
const COUNT = 'requestsToLeaderPerRead';
/** The share of the reads that as many members would serve if nothing held them back. */
const SHARE_MIN = 0.75;

/** Every member answers its own clients, so observers add to what an ensemble reads. */
export const readsScaleWithObservers = timedClaim(
  {
    id: 'L8',
    title: 'Reads scale with the number of observers',
    source: 'Observers guide, introduction: observers answer reads, so more of them serve more clients',
    hypothesis: `When every member is read from as fast as it answers, members with observers read at least ${SHARE_MIN * 100} % as much more as there are more members, and no read asks the leader anything`,
    metric: `${METRIC} of all members, with observers over voters alone`,
    unit: 'ratio',
    control:
      'the same voters alone; each member has the same CPU budget, so that observers take none from them',
    needs: ['readsEverywhere'],
    rule: { scale: 'ratio', margin: { low: 1 }, tells: { spread: 0.05, holds: 2.4, fails: 0.95 } },
  },
  {
    lacking: 'topology with observers beside one of its voters alone, in which every member was read from',
    pairs: ({ clients }) =>
      clients.withObservers.flatMap(observing => {
        const voting = clients.votersLike(observing);
        if (voting === undefined) return [];
        const members = votersOf(observing) + observersOf(observing);
        return [
          {
            ...compared(clients, voting, observing, CONDITIONS.readsFewSessions),
            margin: { low: (SHARE_MIN * members) / votersOf(observing) },
          },
        ];
      }),
    say: ({ subject, control }, number) => `${subject} answered ${number} the reads of ${control}`,
    exact: ({ clients }) =>
      readsAskNobody(clients, [...clients.votersOnly, ...clients.withObservers], CONDITIONS.readsFewSessions),
  },
);

const SESSIONS_MIN = 0.8;

export const readsBearSessions = timedClaim(
  {
    id: 'L9',
    title: 'More sessions on each member leave reads as fast',
    source: 'zklab’s own; the guide’s huge numbers of clients',
    hypothesis: `With many sessions on every member, all of them reading, the ensemble answers at least ${formatNumber(SESSIONS_MIN)} times the reads that it answers with few, and no read asks the leader anything`,
    metric: `${METRIC} of all members, many sessions over few`,
    unit: 'ratio',
    control: 'the same ensemble with few sessions, each with as many requests in flight',
    needs: ['readsEverywhere'],
    rule: {
      scale: 'ratio',
      margin: { low: SESSIONS_MIN },
      tells: { spread: 0.05, holds: 0.9, fails: 0.7 },
    },
  },
  {
    lacking: 'topology in which every member was read from',
    pairs: ({ clients }) =>
      [...clients.votersOnly, ...clients.withObservers]
        .filter(topology => clients.series(METRIC, topology, CONDITIONS.readsFewSessions) !== undefined)
        .map(topology => ({
          subject: `${membersText(topology)} with many sessions each`,
          control: 'the same members with few',
          a: clients.series(METRIC, topology, CONDITIONS.readsFewSessions),
          aWhat: `reads of ${topology.name}, few sessions`,
          b: clients.series(METRIC, topology, CONDITIONS.readsManySessions),
          bWhat: `reads of ${topology.name}, many sessions`,
        })),
    say: ({ subject, control }, number) => `${subject} answered ${number} the reads of ${control}`,
    exact: ({ clients }) =>
      readsAskNobody(
        clients,
        [...clients.votersOnly, ...clients.withObservers],
        CONDITIONS.readsManySessions,
      ),
  },
);

/** A member that answered its clients with the leader’s help would scale no further than the leader. */
function readsAskNobody(evidence: Evidence, topologies: readonly Topology[], condition: string): ExactPart {
  const counts = topologies.flatMap(topology => {
    const value = evidence.series(METRIC, topology, condition)?.counts[COUNT];
    return value === undefined ? [] : [{ topology, value }];
  });
  const asking = counts.find(({ value }) => value > COUNT_TOLERANCE);
  return {
    counts: counts.map(({ topology, value }) => ({
      name: `${COUNT}, ${membersText(topology)}`,
      value,
      unit: '',
    })),
    ...(asking && {
      contradiction: `with ${membersText(asking.topology)}, a read cost ${formatUnit(asking.value, 'requests')} to the leader, and needs none`,
    }),
  };
}

function compared(evidence: Evidence, a: Topology, b: Topology, condition: string): Pair {
  return {
    subject: membersText(b),
    control: membersText(a),
    a: evidence.series(METRIC, a, condition),
    aWhat: `reads of ${a.name}`,
    b: evidence.series(METRIC, b, condition),
    bWhat: `reads of ${b.name}`,
  };
}
