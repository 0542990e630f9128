/** The pairs that several claims compare: the control first, and each side with a description. */

import { CONDITIONS } from '../../../results/names.ts';
import type { Topology } from '../../../results/schema.ts';
import type { Margin } from '../claim.ts';
import { type Evidence, membersText } from './evidence.ts';
import type { Pair } from './pair-judgement.ts';
import { bytesContradiction, type ExactPart, exactPartOf } from './protocol-counts.ts';

export interface Compared {
  readonly metric: string;
  /** The metric in words, such as "write throughput". */
  readonly what: string;
  /** If it is not that of the claim. A metric with a margin of its own is not missed where it is absent. */
  readonly margin?: Margin;
}

/**
 * Each topology, healthy and under a condition.
 * @param control the condition that is the control @default healthy
 */
export function healthyAndUnder(
  condition: string,
  compared: readonly Compared[],
  topologies: (evidence: Evidence) => readonly Topology[],
  control: string = CONDITIONS.healthy,
): (evidence: Evidence) => Pair[] {
  return evidence =>
    topologies(evidence).flatMap(topology =>
      compared.map(({ metric, what, margin }) => ({
        subject: membersText(topology),
        control: 'the same members healthy',
        a: evidence.series(metric, topology, control),
        aWhat: `${what} of ${topology.name}, ${control}`,
        b: evidence.series(metric, topology, condition),
        bWhat: `${what} of ${topology.name}, ${condition}`,
        condition,
        ...(margin && { margin, optional: true }),
      })),
    );
}

/**
 * The same members without and with observer masters.
 * @param within the ensembles that are compared @default those of the suite
 */
export function withoutAndWithMasters(
  condition: string,
  { metric, what }: Compared,
  within = (evidence: Evidence) => evidence,
): (evidence: Evidence) => Pair[] {
  return evidence =>
    within(evidence).mastersPairs.map(({ observers, masters }) => ({
      subject: membersText(masters),
      control: 'the same members without masters',
      a: evidence.series(metric, observers, condition),
      aWhat: `${what} of ${observers.name}`,
      b: evidence.series(metric, masters, condition),
      bWhat: `${what} of ${masters.name}`,
    }));
}

/** As many processes in other roles, all of them healthy. The control comes first. */
export function inOtherRoles(
  control: 'voting' | 'observing',
  { metric, what }: Compared,
): (evidence: Evidence) => Pair[] {
  return evidence =>
    evidence.roles.equalProcesses.map(({ voting, observing }) => {
      const [a, b] = control === 'voting' ? [voting, observing] : [observing, voting];
      return {
        subject: membersText(b),
        control: membersText(a),
        a: evidence.series(metric, a, CONDITIONS.healthy),
        aWhat: `${what} of ${a.name}`,
        b: evidence.series(metric, b, CONDITIONS.healthy),
        bWhat: `${what} of ${b.name}`,
      };
    });
}

/** What a run without such a pair lacks. */
export const EQUAL_PROCESSES =
  'pair of equal processes in other roles, such as 5 voters, and 3 voters with 2 observers';

/** The counts of both: each as the protocol has it, and fewer bytes from the leader where some observe. */
export function observersCostLess(evidence: Evidence): ExactPart {
  const pairs = evidence.roles.equalProcesses;
  return withContradiction(
    exactPartOf(evidence, [...new Set(pairs.flatMap(({ voting, observing }) => [voting, observing]))]),
    pairs.map(({ voting, observing }) => bytesContradiction(evidence, observing, voting)),
  );
}

/** The counts of both: each as the protocol has it, and fewer bytes from the leader with masters. */
export function mastersCostLess(evidence: Evidence): ExactPart {
  const pairs = evidence.roles.mastersPairs;
  return withContradiction(
    exactPartOf(evidence, [...new Set(pairs.flatMap(({ observers, masters }) => [observers, masters]))]),
    pairs.map(({ observers, masters }) => bytesContradiction(evidence, masters, observers)),
  );
}

function withContradiction(part: ExactPart, more: readonly (string | undefined)[]): ExactPart {
  const contradiction = part.contradiction ?? more.find(clause => clause !== undefined);
  return contradiction === undefined ? part : { ...part, contradiction };
}

/** Every topology with observers. */
export function observed({ withObservers, withMasters }: Evidence): Topology[] {
  return [...withObservers, ...withMasters];
}

/** Of the ensembles in other roles, those with observers that were measured under the condition. */
export function observedUnder(condition: string): (evidence: Evidence) => Topology[] {
  return evidence => {
    const all = observed(evidence.roles);
    const measured = new Set(
      evidence.result.measurements.flatMap(each => (each.condition === condition ? [each.topology] : [])),
    );
    const under = all.filter(({ name }) => measured.has(name));
    return under.length > 0 ? under : all;
  };
}
