/**
 * A machine that members run on: everything that the lab asks of it. The local one is in `local-host.ts`;
 * another kind is another file. Topologies, faults and loads use only this interface.
 */
import type { ApacheZooKeeper } from './apache-zookeeper.ts';
import type { CappedLog } from './capped-log.ts';
import type { CpuBudget } from './cpu-budget.ts';
import type { Command } from './dies-with-parent.ts';
import type { MachineTicks } from './machine-cpu.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { MemberPorts, PortOptions } from './ports.ts';
import type { ProcessState } from './process-state.ts';
import type { ProcessSample } from './process-usage.ts';
import type { Reaped } from './reaper.ts';
import type { TcpSocket } from './tcp-sockets.ts';

export interface Host {
  /** The name in errors: `this machine`. */
  readonly name: string;
  /** The address at which processes there reach the lab's machine, and the proxies on it. */
  readonly labAddress: string;
  /**
   * Addresses for each member, at which the lab and the other hosts reach it. All are free at this moment.
   */
  addresses(count: number, options?: PortOptions): Promise<MemberPorts[]>;
  /** The command of zklab's server there, without arguments. @throws UsageError when it is missing */
  zklabServer(): Command;
  /** The command of one of zklab's scripts there. @param path as in `dist/`, with the ending .js */
  script(path: string): Command;
  /**
   * Apache ZooKeeper as it is installed there; undefined if it is not.
   * @param release for example 3.9.5. @default whichever that machine has
   */
  apacheZooKeeper(release?: string): ApacheZooKeeper | undefined;
  /** @throws UsageError when the command cannot be started at all */
  start(options: StartOptions): HostProcess;
  /** Has no effect if the process is gone. */
  signal(pid: number, signal: NodeJS.Signals): void;
  stateOf(pid: number): ProcessState;
  /**
   * The folder there for what the lab keeps in `labFolder`. Whoever connects another machine removes it at
   * the end.
   */
  folderFor(labFolder: string): string;
  makeFolder(path: string): Promise<void>;
  /** Replaces the file in one step: a reader sees the old text or the new one, never a part. */
  writeFile(path: string, text: string): Promise<void>;
  /** Reads a file that a member wrote there. @throws Error */
  readFile(path: string): Promise<string>;
  /** CPU time and memory of a process; null when it is gone, or the machine does not report them. */
  usage(pid: number): ProcessSample | null;
  /** CPU time of the threads of a process, in ms and finer than `usage`; null when it is not reported. */
  threadsCpuMs(pid: number): number | null;
  /** What all cores there have done so far; null when it is not reported. */
  machineTicks(): MachineTicks | null;
  /** TCP connections of processes, as the kernel counts them; null when it does not tell. */
  tcpSockets(pids: readonly number[]): Promise<TcpSocket[] | null>;
  /** Why processes cannot be given a budget there; undefined if they can. */
  noBudget(): string | undefined;
  /** Limits the process to this many cores from now on. @throws Error when budgets are not available */
  limitCpu(pid: number, cores: number): CpuBudget;
  /** Limits what the process takes in addition from now on. @throws Error when it cannot be limited */
  limitMemory(pid: number, bytes: number): MemoryLimit;
  /** Ends what a killed lab left there, and returns what it ended. */
  reap(): Reaped[];
}

export interface StartOptions {
  readonly command: Command;
  /**
   * The process ends by itself when its standard input ends. The host makes sure that any other one does not
   * outlive the lab.
   */
  readonly endsWithInput?: boolean;
  /** Receives the output of the process. */
  readonly log: CappedLog;
  readonly cwd: string;
  /** A word that occurs in no other command line. */
  readonly marker: string;
  /** Removed with the process when the lab is killed. */
  readonly temporaryFolder?: string | undefined;
}

/** One running process, from its start to its exit. A restarted member has another one. */
export interface HostProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** Undefined while it runs. */
  readonly exit: ProcessExit | undefined;
  readonly isRunning: boolean;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `graceMs`. @throws Error when it outlives even that */
  stop(graceMs?: number): Promise<ProcessExit>;
  kill(): Promise<ProcessExit>;
}

export interface ProcessExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export function formatExit({ code, signal }: ProcessExit): string {
  return signal === undefined ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
}
