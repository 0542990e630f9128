import type { Claim, Judgement } from '../../bench/claims/claim.ts';
import { leftOut, unfit } from '../../bench/claims/evidence.ts';
import { short } from '../../bench/claims/timed-claim.ts';
import { CONDITIONS } from '../../results/names.ts';

/** Probes that may fail for reasons of the machine: one in a thousand. */
const PERCENT_MIN = 99.9;

/** Row 003-3 (ZOOKEEPER-1607): read-only clients of an observer keep reading while there is no quorum. */
export const readsThroughOutage: Claim = {
  id: '003-3',
  title: 'Read-only clients of observers keep reading while the quorum is lost',
  source: 'ZOOKEEPER-1607, row 003-3',
  hypothesis: `Every observer answers at least ${PERCENT_MIN} % of the reads that are due while there is no quorum`,
  metric: 'observerReadAvailability, worst observer of each round',
  unit: '%',
  control: 'voters of the same ensemble in the same outage',
  needs: ['quorumLost'],
  judge(evidence): Judgement {
    const topologies = [...evidence.withObservers, ...evidence.withMasters];
    const series = topologies.map(topology => ({
      name: topology.name,
      observers: evidence.series('observerReadAvailability', topology, CONDITIONS.quorumLost),
      voters: evidence.series('voterReadAvailability', topology, CONDITIONS.quorumLost),
    }));
    if (series.length === 0)
      return { verdict: 'not shown here', reason: 'This run has no observers.', evidence: [] };
    const cannot = unfit(series.map(({ name, observers }) => [`reads at observers of ${name}`, observers]));
    if (cannot !== undefined) return cannot;
    const observers = series.map(each => each.observers!);
    const values = observers.flatMap(each => each.values);
    const least = Math.min(...values);
    const voters = series.flatMap(each => each.voters?.values ?? []);
    const beside =
      voters.length === 0 ? '' : `, the best of the worst voters ${short(Math.max(...voters))} %`;
    return {
      verdict: least >= PERCENT_MIN ? 'holds' : 'fails',
      reason: `While the quorum was lost, the worst observer answered ${short(least)} % of its reads${beside}.`,
      estimate: { value: least, low: least, high: Math.max(...values), n: values.length, unit: '%' },
      evidence: series.flatMap(each => [each.observers!.id, ...(each.voters ? [each.voters.id] : [])]),
      warnings: leftOut(...observers),
    };
  },
};
