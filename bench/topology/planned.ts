/** A topology with addresses and folders: what configurations are written of, and a mesh is built around. */
import type { Host } from '../hosts/host.ts';
import type { MemberPorts } from '../hosts/ports.ts';
import type { Topology, TopologyMember } from './topology.ts';

export interface PlannedMember extends TopologyMember {
  readonly host: Host;
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
