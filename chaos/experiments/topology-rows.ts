/** The topologies of a result: those of the suite, and those that its experiments start themselves. */
import { LOCAL_HOST } from '../../bench/hosts/local-host.ts';
import { topologyRow } from '../../bench/measure/result-rows.ts';
import type { PlanOptions } from '../../bench/topology/plan.ts';
import type { Topology as TopologyRow } from '../../results/schema.ts';
import type { OwnTopologies } from './experiment.ts';
import { EXPERIMENTS } from './index.ts';
import { type ServerKind, topologiesOf } from './lab.ts';
import type { Suite } from './suite.ts';

export interface Rows {
  readonly suite: Suite;
  readonly server: ServerKind;
  readonly needs: ReadonlySet<string>;
  readonly hostOf?: PlanOptions['hostOf'];
}

/** @throws UsageError */
export function topologyRows({ suite, server, needs, hostOf = () => LOCAL_HOST }: Rows): TopologyRow[] {
  // Apache ZooKeeper reads no link map, so nothing can stand on its links.
  const links = server === 'zklab' ? 'proxied' : 'direct';
  const own = EXPERIMENTS.filter(each => each.provides(suite).some(need => needs.has(need))).flatMap(each => {
    const { texts, budget }: OwnTopologies = each.ownTopologies?.(suite) ?? { texts: {} };
    return topologiesOf(suite, server, texts).map(topology => {
      const canLimit = topology.members.every(member => hostOf(member).noBudget() === undefined);
      const budgetCores = canLimit ? budget : undefined;
      return topologyRow(topology, {
        experiment: each.name,
        links: 'direct',
        ...(budgetCores !== undefined && { budgetCores }),
      });
    });
  });
  return [...topologiesOf(suite, server).map(topology => topologyRow(topology, { links })), ...own];
}
