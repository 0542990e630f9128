import { CONDITIONS } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Claim, Judgement } from './claim.ts';
import { type Evidence, leftOut, unfit } from './judging/evidence.ts';

/** One read in a thousand may fail for reasons of the machine. */
const PERCENT_MIN = 99.9;

/** Apache's observers. The suites switch ours on: `observer.readOnly.enabled`. */
const NO_READ_ONLY_OBSERVER =
  'observers close their clients when they lose the leader: ZOOKEEPER-1607 was never merged';

/** 003-3 (ZOOKEEPER-1607): read-only clients of an observer keep reading while there is no quorum. */
export const readsThroughQuorumLoss: Claim = {
  id: '003-3',
  title: 'Read-only clients of observers keep reading while the quorum is lost',
  source:
    'ZOOKEEPER-1607: 100 % read uptime for read-only clients of an observer through an outage of the quorum',
  hypothesis: `Every observer answers at least ${PERCENT_MIN} % of the reads that are due while there is no quorum`,
  metric: 'observerReadAvailability, worst observer of each round',
  unit: '%',
  control: 'voters of the same ensemble in the same outage',
  needs: ['quorumLost'],
  knownFailure: NO_READ_ONLY_OBSERVER,
  knownFailureOf: ['apache'],
  judge: evidence => judgeOutage(evidence, CONDITIONS.quorumLost),
};

/** 003-4 (ZOOKEEPER-1607): an observer does not shut down when it loses its leader. */
export const readsThroughLeaderLoss: Claim = {
  id: '003-4',
  title: 'Read-only clients of observers keep reading while the leader is cut off and replaced',
  source: 'ZOOKEEPER-1607: an observer does not tear itself down when it loses its leader',
  hypothesis: `Every observer answers at least ${PERCENT_MIN} % of the reads that are due while the leader is cut off`,
  metric: 'observerReadAvailability, worst observer of each round',
  unit: '%',
  control: 'voters of the same ensemble in the same outage',
  needs: ['leaderCut'],
  knownFailure: NO_READ_ONLY_OBSERVER,
  knownFailureOf: ['apache'],
  judge: evidence => judgeOutage(evidence, CONDITIONS.leaderCut),
};

/** No statistical test is needed: every unanswered read is a counterexample. */
function judgeOutage(evidence: Evidence, condition: string): Judgement {
  const topologies = [...evidence.withObservers, ...evidence.withMasters];
  if (topologies.length === 0)
    return { verdict: 'not shown here', reason: 'This run has no observers.', evidence: [] };
  const of = (role: string, topology: Evidence['withMasters'][number]) =>
    evidence.series(`${role}ReadAvailability`, topology, condition);
  const wanted = topologies.map(
    topology =>
      [`reads at the observers of ${topology.name} under "${condition}"`, of('observer', topology)] as const,
  );
  const cannot = unfit(wanted);
  if (cannot !== undefined) return cannot;
  const observers = wanted.map(([, series]) => series!);
  const voters = topologies.flatMap(topology => of('voter', topology) ?? []);
  const values = observers.flatMap(series => series.values);
  const least = Math.min(...values);
  const ofVoters = voters.flatMap(series => series.values);
  const beside = ofVoters.length === 0 ? '' : `, the worst voter ${formatNumber(Math.min(...ofVoters))} %`;
  return {
    verdict: least >= PERCENT_MIN ? 'holds' : 'fails',
    reason: `With the fault "${condition}" the worst observer answered ${formatNumber(least)} % of its reads${beside}.`,
    // The worst of all values is not an estimate, so it has no interval.
    estimate: { value: least, low: null, high: null, n: values.length, unit: '%' },
    evidence: [...observers, ...voters].map(({ id }) => id),
    warnings: leftOut(...observers),
  };
}
