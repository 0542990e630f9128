/** The pairs that several claims compare: the control first, and each side with a description. */

import { CONDITIONS } from '../../results/names.ts';
import type { Topology } from '../../results/schema.ts';
import type { Evidence } from './evidence.ts';
import type { Pair } from './timed-claim.ts';

export interface Compared {
  readonly metric: string;
  /** The metric in words, such as "write throughput". */
  readonly what: string;
}

/** Each topology, healthy and under a condition. */
export function healthyAndUnder(
  condition: string,
  { metric, what }: Compared,
  topologies: (evidence: Evidence) => readonly Topology[],
): (evidence: Evidence) => Pair[] {
  return evidence =>
    topologies(evidence).map(topology => ({
      topology: topology.name,
      a: evidence.series(metric, topology, CONDITIONS.healthy),
      aWhat: `${what} of ${topology.name}, healthy`,
      b: evidence.series(metric, topology, condition),
      bWhat: `${what} of ${topology.name}, ${condition}`,
    }));
}

/** The same members without and with observer masters. */
export function withoutAndWithMasters(
  condition: string,
  { metric, what }: Compared,
): (evidence: Evidence) => Pair[] {
  return evidence =>
    evidence.mastersPairs.map(({ observers, masters }) => ({
      topology: masters.name,
      a: evidence.series(metric, observers, condition),
      aWhat: `${what} of ${observers.name}`,
      b: evidence.series(metric, masters, condition),
      bWhat: `${what} of ${masters.name}`,
    }));
}

/** Every topology with observers. */
export function observed({ withObservers, withMasters }: Evidence): Topology[] {
  return [...withObservers, ...withMasters];
}
