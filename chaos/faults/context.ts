import type { ProcessState } from '../../bench/hosts/process-state.ts';
import type { Random } from '../../server/runtime/runtime.ts';
import type { Probe } from '../mesh/measure.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { ToxiproxyClient } from '../toxiproxy/client.ts';

/** A member as the faults of processes need it; an ensemble of bench/topology is adapted to this. */
export interface FaultMember {
  readonly name: string;
  /** Of the process that runs now; another one after a restart. */
  readonly pid: number;
  /** host:port of its own client listener, without a proxy. */
  readonly clientAddress: string;
  /** To that process of it, which may not be the present one any more. */
  signal(signal: NodeJS.Signals, pid: number): void;
  stateOf(pid: number): ProcessState;
  roleOf(): string | Promise<string>;
  /** Starts it anew on its data; settles when it listens. */
  restart(): Promise<void>;
}

/** What faults of processes need. */
export interface ProcessFaultContext {
  readonly members: readonly FaultMember[];
  /** Chooses among members of a role: seeded, so that a run can be repeated. */
  readonly random: Random;
}

/** What faults of links need. */
export interface LinkFaultContext {
  readonly client: ToxiproxyClient;
  readonly mesh: Mesh;
  /** How a link is measured. @default probeLink, for members that speak ZooKeeper's protocols */
  readonly probe?: Probe;
}

/** All that a fault may touch. */
export type FaultContext = ProcessFaultContext & LinkFaultContext;
