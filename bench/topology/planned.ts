/** A topology with addresses and folders. Configurations and the mesh are made from it. */
import type { Host } from '../hosts/host.ts';
import type { MemberPorts } from '../hosts/ports.ts';
import type { Topology, TopologyMember } from './topology.ts';

export interface PlannedMember extends TopologyMember {
  readonly host: Host;
  readonly ports: MemberPorts;
  /** Contains zoo.cfg, data, log and the output of the member. */
  readonly folder: string;
  readonly cfgFile: string;
}

export interface EnsemblePlan {
  readonly topology: Topology;
  readonly folder: string;
  readonly members: readonly PlannedMember[];
}
