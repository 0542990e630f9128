/** Lets another server run on all members of a topology. */
import { Origin } from '../../bench/origin.ts';
import { implementationNamed, NAMES_ACCEPTED } from '../../bench/topology/implementation.ts';
import { type Topology, topologyOf } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { inputOf } from '../schedules/written-topology.ts';

/**
 * @param server zklab, apache, apache@3.9.5, or a command in which `{cfg}` stands for the path of zoo.cfg;
 *   undefined: what the topology says
 * @throws UsageError
 */
export function served(topology: Topology, server: string | undefined): Topology {
  if (server === undefined) return topology;
  const known = implementationNamed(server);
  if (known === undefined && !server.includes('{cfg}'))
    throw new UsageError(
      `--server ${server}: accepted are ${NAMES_ACCEPTED}, or a command with {cfg}, the path of zoo.cfg`,
    );
  const { name: _, members = [], ...input } = inputOf(topology);
  const implementation = known ?? { command: server };
  return topologyOf(
    { ...input, members: members.map(each => ({ ...each, implementation })) },
    new Origin('--server'),
  );
}
