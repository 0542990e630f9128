/** Topologies that this machine cannot start, because a server of theirs is not on it. */
import { apacheHint, findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';
import { isApache, releaseOf } from '../../bench/topology/implementation.ts';
import type { Topology } from '../../bench/topology/topology.ts';

/** Why, with what would mend it; undefined when it can be started. */
export function whyAbsent(
  { members }: Pick<Topology, 'members'>,
  find: (release: string | undefined) => object | undefined = findApacheZooKeeper,
): string | undefined {
  for (const { implementation } of members) {
    const release = isApache(implementation) ? releaseOf(implementation) : undefined;
    if (!isApache(implementation) || find(release) !== undefined) continue;
    const name = release === undefined ? 'Apache ZooKeeper' : `Apache ZooKeeper ${release}`;
    return `${name} was not found on this machine; to get it: ${apacheHint(release)}`;
  }
  return undefined;
}
