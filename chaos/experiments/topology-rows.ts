/** The topologies of a result: those of the suite, and those that its experiments start themselves. */
import { LOCAL_HOST } from '../../bench/hosts/local-host.ts';
import { topologyRow } from '../../bench/measure/result-rows.ts';
import type { PlanOptions } from '../../bench/topology/plan.ts';
import type { Topology as TopologyRow } from '../../results/schema.ts';
import type { OwnTopologies } from './experiment.ts';
import { EXPERIMENTS } from './index.ts';
import { canProxyObservers, type ServerKind, topologiesOf } from './lab.ts';
import type { Suite } from './suite.ts';

export interface Rows {
  readonly suite: Suite;
  readonly server: ServerKind;
  readonly needs: ReadonlySet<string>;
  readonly hostOf?: PlanOptions['hostOf'];
}

/** Those that a run about `needs` starts, or all of the suite when it needs none. @throws UsageError */
export function topologyRows({ suite, server, needs, hostOf = () => LOCAL_HOST }: Rows): TopologyRow[] {
  const needed = EXPERIMENTS.filter(each => each.provides(suite).some(need => needs.has(need)));
  const own = needed.flatMap(each => {
    const own: OwnTopologies = each.ownTopologies?.(suite) ?? { texts: {} };
    const { texts, budget, observersAreProxied, serverOf = () => server } = own;
    return topologiesOf(suite, serverOf, texts).map(topology => {
      const canLimit = topology.members.every(member => hostOf(member).noBudget() === undefined);
      const budgetCores = canLimit ? budget : undefined;
      const isProxied = observersAreProxied === true && canProxyObservers(topology);
      return topologyRow(topology, {
        experiment: each.name,
        links: isProxied ? 'observers proxied' : 'direct',
        ...(budgetCores !== undefined && { budgetCores }),
      });
    });
  });
  // A topology that is not started would look like a measured one, with empty columns.
  const isShared = needed.length === 0 || needed.some(each => each.ownTopologies === undefined);
  return [
    ...(isShared ? topologiesOf(suite, server) : []).map(each => topologyRow(each, { links: 'proxied' })),
    ...own,
  ];
}
