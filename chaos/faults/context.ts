import type { CpuBudget } from '../../bench/hosts/cpu-budget.ts';
import type { MemoryLimit } from '../../bench/hosts/memory-limit.ts';
import type { ProcessState } from '../../bench/hosts/process-state.ts';
import type { NamedImplementation } from '../../bench/topology/implementation.ts';
import type { Random } from '../../server/runtime/runtime.ts';
import type { Probe } from '../mesh/measure.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { ToxiproxyClient } from '../toxiproxy/client.ts';
import type { ServerFaults } from './parts/fault-switch.ts';

/** A member as the process faults need it. An ensemble of bench/topology is adapted to this. */
export interface FaultMember {
  readonly name: string;
  /** Data centre. */
  readonly dc?: string | undefined;
  /** What it runs: zklab, apache ... @default zklab */
  readonly implementation?: string;
  /** Of the process that runs now. A restart changes it. */
  readonly pid: number;
  /** host:port of the member's own client listener, without a proxy. */
  readonly clientAddress: string;
  /** Sends the signal to that process, which may no longer be the current one. */
  signal(signal: NodeJS.Signals, pid: number): void;
  stateOf(pid: number): ProcessState;
  roleOf(): string | Promise<string>;
  /** Whether it is configured with a vote. @default by its present role */
  readonly isVoter?: boolean;
  /** For an observer: the name of the member that it follows now. */
  masterOf?(): Promise<string | undefined>;
  /** The zxid of its newest snapshot on disk; undefined when there is none, or nobody can look. */
  snapshotZxid?(): number | undefined;
  /** Until the result is called, the member is down or about to be: no other fault restarts it. */
  hold?(): () => void;
  /**
   * Restarts the member on its data, or waits for it when it runs; settles when it serves. A member that a
   * fault holds stays as it is. `mayEnd`: an end of the new process is part of the fault, which holds it.
   */
  restart(options?: { readonly mayEnd?: boolean }): Promise<void>;
  /** What it runs from its next start on. @throws Error when the lab cannot run that there */
  run?(server: NamedImplementation): void;
  /** An end of this process is part of a fault, not a death to complain about; until the result is called. */
  expectEnd?(pid: number): () => void;
  /** The end of what its processes printed. */
  logTail?(): string;
  /** Limits of the present process. @throws Error when the machine cannot */
  limitCpu?(cores: number): CpuBudget;
  limitMemory?(bytes: number): MemoryLimit;
  /** Faults of its disk and clock. Only a server that was started with the switch has them. */
  readonly serverFaults?: ServerFaults | undefined;
  /** Where its data are, when the lab reaches them. */
  readonly dataFolders?: DataFolders | undefined;
}

export interface DataFolders {
  /** Each has a `version-2`. */
  readonly snapshots: string;
  readonly logs: string;
}

/** What process faults need. */
export interface ProcessFaultContext {
  readonly members: readonly FaultMember[];
  /** Chooses among the members of a role. It is seeded, so that a run can be repeated. */
  readonly random: Random;
}

/** What link faults need. */
export interface LinkFaultContext {
  readonly client: ToxiproxyClient;
  readonly mesh: Mesh;
  /** Chooses among the links and members that a selector leaves open. It is seeded. */
  readonly random: Random;
  /** How a link is measured. @default probeLink, for members that speak ZooKeeper's protocols */
  readonly probe?: Probe;
}

/** Everything that a fault may touch. */
export type FaultContext = ProcessFaultContext & LinkFaultContext;
