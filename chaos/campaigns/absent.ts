/** Topologies that this machine cannot start, because a server of theirs is not on it. */
import { APACHE_HINT, findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';
import type { Topology } from '../../bench/topology/topology.ts';

/** Why, with what would mend it; undefined when it can be started. */
export function whyAbsent(
  { members }: Pick<Topology, 'members'>,
  find: () => object | undefined = findApacheZooKeeper,
): string | undefined {
  const needsApache = members.some(({ implementation }) => implementation === 'apache');
  if (!needsApache || find() !== undefined) return undefined;
  return `Apache ZooKeeper was not found on this machine; to get it: ${APACHE_HINT}`;
}
