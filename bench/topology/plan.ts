/** A topology with addresses and folders: all that is needed to write configurations, and to build a mesh around it. */
import { join } from 'node:path';
import { findPorts, type MemberPorts, type PortOptions } from './ports.ts';
import type { Topology, TopologyMember } from './topology.ts';

export interface PlannedMember extends TopologyMember {
  readonly ports: MemberPorts;
  /** Holds zoo.cfg, data, log and what the member prints. */
  readonly folder: string;
  readonly cfgFile: string;
}

export interface EnsemblePlan {
  readonly topology: Topology;
  readonly folder: string;
  readonly members: readonly PlannedMember[];
}

/** @param folder of the whole ensemble; a folder for each member is made in it */
export async function planEnsemble(
  topology: Topology,
  folder: string,
  options: PortOptions = {},
): Promise<EnsemblePlan> {
  const ports = await findPorts(topology.members.length, options);
  const members = topology.members.map((member, index): PlannedMember => {
    const own = join(folder, member.name);
    return { ...member, ports: ports[index]!, folder: own, cfgFile: join(own, 'zoo.cfg') };
  });
  return { topology, folder, members };
}
