/** The parts of a result that every run has: where it ran, and on which topologies. */
import type { Environment, Topology as TopologyRow } from '../../results/schema.ts';
import type { Topology } from '../topology/topology.ts';
import type { Environment as Probed } from './environment.ts';

export function environmentRow(
  probed: Probed,
  { server, toxiproxy }: Pick<Environment, 'server' | 'toxiproxy'>,
): Environment {
  const { hostname, architecture, cpuModel, cores, memoryBytes, kernel, node, git } = probed;
  return {
    machine: `${hostname} (${architecture})`,
    cpu: cpuModel,
    cores,
    memoryBytes,
    kernel,
    node,
    git: git ?? { commit: 'unknown', dirty: false },
    diskSyncMedianUs: probed.diskSync?.medianUs ?? null,
    loopbackRttUs: probed.loopbackRoundTrip.medianUs,
    toxiproxy,
    server,
  };
}

export const NO_TOXIPROXY: Environment['toxiproxy'] = { kind: 'none', version: '' };

export function topologyRow(
  { name, shortForm, observerMasters, members }: Topology,
  how: Pick<TopologyRow, 'experiment' | 'links' | 'budgetCores'> = {},
): TopologyRow {
  return {
    name,
    shortForm,
    ...how,
    members: members.map(({ name, sid, role }) => ({
      name,
      sid,
      role: role === 'participant' ? ('voter' as const) : ('observer' as const),
      observerMaster: observerMasters && role === 'participant',
    })),
  };
}
