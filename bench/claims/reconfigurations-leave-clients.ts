import { CONDITIONS, RIVALS } from '../../results/names.ts';
import { formatUnit } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import { Evidence, type Series } from './judging/evidence.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'longestWaitMs';
/** The longest pause that clients would not take for an interruption. */
const MARGIN_MS = 50;

/** What clients notice of a reconfiguration, besides the watch on the configuration. */
export const reconfigurationsLeaveClients = timedClaim(
  {
    id: 'L17',
    title: 'A reconfiguration does not make clients of the voters wait',
    source: 'zklab’s own; dynamic reconfiguration guide: members change without an interruption of service',
    hypothesis: `While an observer is promoted and demoted, no read and no write at a voter waits more than ${MARGIN_MS} ms longer than while nothing is changed`,
    metric: `${METRIC}, with reconfigurations minus without`,
    unit: 'ms',
    control: 'as many clients of the same ensemble for as long, in the same round',
    needs: ['reconfigurations'],
    rule: { scale: 'difference', margin: { high: MARGIN_MS }, tells: { spread: 20, holds: 15, fails: 150 } },
  },
  {
    lacking: 'ensemble of ours that was reconfigured under clients',
    pairs(evidence) {
      const found = waitsOf(evidence, RIVALS.zklab);
      if (found === undefined) return [];
      const { topology, quiet, changed } = found;
      return [
        {
          subject: 'while members were reconfigured',
          control: 'while nothing was changed',
          a: quiet,
          aWhat: `waits of clients of ${topology.name} in peace`,
          b: changed,
          bWhat: `waits of clients of ${topology.name} in reconfigurations`,
        },
      ];
    },
    say: ({ subject, control }, number, value) =>
      `${subject}, the longest wait of any client was ${number} ${value < 0 ? 'shorter' : 'longer'} than ${control}`,
    warnings: evidence => apacheText(waitsOf(evidence, RIVALS.apache)),
  },
);

interface Waits {
  readonly topology: Topology;
  readonly quiet: Series | undefined;
  readonly changed: Series | undefined;
}

function waitsOf({ result }: Evidence, name: string): Waits | undefined {
  const own = new Evidence(result, 'rivals');
  const topology = own.topologies.find(each => each.name === name);
  return (
    topology && {
      topology,
      quiet: own.series(METRIC, topology, CONDITIONS.steadyClients),
      changed: own.series(METRIC, topology, CONDITIONS.reconfigured),
    }
  );
}

/** Apache's figure, for comparison. The claim is about zklab's server. */
function apacheText(waits: Waits | undefined): string[] {
  if (waits?.quiet === undefined || waits.changed === undefined) return [];
  const [changed, quiet] = [waits.changed, waits.quiet].map(({ median }) => formatUnit(median, 'ms'));
  return [
    `clients of Apache ZooKeeper waited ${changed} at most in reconfigurations, and ${quiet} otherwise (medians)`,
  ];
}
