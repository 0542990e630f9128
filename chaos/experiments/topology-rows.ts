/** The topologies of a result: those of the suite, and those that its experiments start themselves. */
import { LOCAL_HOST } from '../../bench/hosts/local-host.ts';
import { topologyRow } from '../../bench/measure/result-rows.ts';
import type { Topology as TopologyRow } from '../../results/schema.ts';
import type { OwnTopologies } from './experiment.ts';
import { EXPERIMENTS } from './index.ts';
import { type ServerKind, topologiesOf } from './lab.ts';
import type { Suite } from './suite.ts';

export interface Rows {
  readonly suite: Suite;
  readonly server: ServerKind;
  readonly needs: ReadonlySet<string>;
}

/** @throws UsageError */
export function topologyRows({ suite, server, needs }: Rows): TopologyRow[] {
  // Apache ZooKeeper reads no link map, so nothing can stand on its links.
  const links = server === 'zklab' ? 'proxied' : 'direct';
  const canLimit = LOCAL_HOST.noBudget() === undefined;
  const own = EXPERIMENTS.filter(each => each.provides(suite).some(need => needs.has(need))).flatMap(each => {
    const { texts, budget }: OwnTopologies = each.ownTopologies?.(suite) ?? { texts: {} };
    const how = {
      experiment: each.name,
      links: 'direct',
      ...(canLimit && budget !== undefined && { budgetCores: budget }),
    } as const;
    return topologiesOf(suite, server, texts).map(topology => topologyRow(topology, how));
  });
  return [...topologiesOf(suite, server).map(topology => topologyRow(topology, { links })), ...own];
}
