/** A topology with addresses and folders. Configurations and the mesh are made from it. */
import type { Host } from '../hosts/host.ts';
import type { MemberNetwork } from '../hosts/network/member-network.ts';
import type { MemberPorts } from '../hosts/ports.ts';
import type { Topology, TopologyMember } from './topology.ts';

export interface PlannedMember extends TopologyMember {
  readonly host: Host;
  readonly ports: MemberPorts;
  /** On the host: contains zoo.cfg, data and log. */
  readonly folder: string;
  readonly cfgFile: string;
  /** On the lab's machine: the output of the member. */
  readonly logFile: string;
}

export interface EnsemblePlan {
  readonly topology: Topology;
  /** On the lab's machine. */
  readonly folder: string;
  readonly members: readonly PlannedMember[];
  /** Present where the links of members are limited. The ensemble opens and closes it. */
  readonly network?: MemberNetwork;
}
