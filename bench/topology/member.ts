/** A member of a running ensemble: its files, its present process, and the mode it reports. */
import { CappedLog } from '../hosts/capped-log.ts';
import type { CpuBudget } from '../hosts/cpu-budget.ts';
import { formatExit, type Host, type HostProcess } from '../hosts/host.ts';
import type { MemoryLimit } from '../hosts/memory-limit.ts';
import { formatAddress } from '../hosts/ports.ts';
import type { ProcessSample } from '../hosts/process-usage.ts';
import { fourLetterWord, type Mode, parseMntr, parseSrvr } from './four-letter.ts';
import type { Implementation } from './implementation.ts';
import type { CommandOptions } from './member-command.ts';
import { memberCommand } from './member-command.ts';
import type { PlannedMember } from './planned.ts';

/** Mode in `srvr`. A `looking` member answers but does not serve; a `down` one does not answer. */
export type MemberMode = Mode | 'looking' | 'down';

/** A process of a member started or ended. */
export interface MemberEvent {
  readonly member: string;
  readonly role: string;
  readonly state: 'up' | 'down';
  readonly pid: number;
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly exit?: string;
  /** Whether the lab ended it, as a fault or at the end of a run. */
  readonly isAsked?: boolean;
}

const ENDING_SIGNALS: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM'];

export interface MemberOptions extends CommandOptions {
  readonly temporaryFolder?: string | undefined;
  readonly onMember?: ((event: MemberEvent) => void) | undefined;
}

const WORD_TIMEOUT_MS = 1_000;

export class Member {
  readonly plan: PlannedMember;
  readonly log: CappedLog;
  /** Where clients reach it: its own client port, or the proxy in front of it. */
  readonly clientAddress: string;
  /** What it runs from its next start on. */
  implementation: Implementation;
  readonly #options: MemberOptions;
  #process: HostProcess | undefined;
  /** Processes that the lab itself ended. */
  readonly #askedToEnd = new Set<number>();
  #budget: CpuBudget | undefined;

  constructor(plan: PlannedMember, clientAddress: string | undefined, options: MemberOptions) {
    this.plan = plan;
    this.implementation = plan.implementation;
    this.clientAddress = clientAddress ?? formatAddress(plan.ports.client);
    this.#options = options;
    this.log = new CappedLog(plan.logFile);
  }

  get name(): string {
    return this.plan.name;
  }

  /** Address of its own client listener, without a proxy. */
  get ownAddress(): string {
    return formatAddress(this.plan.ports.client);
  }

  /** The machine it runs on. */
  get host(): Host {
    return this.plan.host;
  }

  /** CPU time and memory of its present process; null when the machine does not report them. */
  usage(): ProcessSample | null {
    return this.host.usage(this.pid);
  }

  get isStarted(): boolean {
    return this.#process !== undefined;
  }

  /** The present process, or the last one. */
  get process(): HostProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`);
    return this.#process;
  }

  get pid(): number {
    return this.process.pid;
  }

  /** @throws Error when it is already running */
  start(): void {
    if (this.#process?.isRunning) throw new Error(`${this.name} already runs, as process ${this.pid}`);
    this.#process = this.host.start({
      ...memberCommand({ ...this.plan, implementation: this.implementation }, this.#options),
      log: this.log,
      cwd: this.plan.folder,
      marker: this.plan.cfgFile,
      temporaryFolder: this.#options.temporaryFolder,
    });
    const { pid, exited } = this.#process;
    if (this.plan.budget !== undefined) this.limitCpu(this.plan.budget);
    const about = { member: this.name, role: this.plan.role, pid };
    const { onMember } = this.#options;
    onMember?.({ ...about, state: 'up' });
    void exited.then(exit =>
      onMember?.({
        ...about,
        state: 'down',
        exit: formatExit(exit),
        isAsked: this.#askedToEnd.has(pid),
      }),
    );
  }

  /**
   * Limits its present process to this many cores, in place of an earlier limit. @throws Error when the
   * machine gives no budgets
   */
  limitCpu(cores: number): CpuBudget {
    this.#budget?.lift();
    const { host, process, pid } = this;
    const budget = host.limitCpu(pid, cores);
    this.#budget = budget;
    void process.exited.then(() => {
      if (this.#budget === budget) this.#budget = undefined;
      budget.lift();
    });
    return budget;
  }

  /**
   * Limits the memory that its present process takes from now on; the limit ends with the process. @throws
   * Error when the machine has no such limits
   */
  limitMemory(bytes: number): MemoryLimit {
    const limit = this.host.limitMemory(this.pid, bytes);
    void this.process.exited.then(() => limit.lift());
    return limit;
  }

  /** An end of this process is asked for, whoever brings it about, until the returned function is called. */
  expectEnd(pid: number): () => void {
    this.#askedToEnd.add(pid);
    return () => void this.#askedToEnd.delete(pid);
  }

  /** Sends a signal to one process of it, the present or an earlier one; no effect if that is gone. */
  signal(signal: NodeJS.Signals, pid: number): void {
    if (ENDING_SIGNALS.includes(signal)) this.#askedToEnd.add(pid);
    this.host.signal(pid, signal);
  }

  /** Ends its present process. @throws Error when it outlives even SIGKILL */
  async stop(): Promise<void> {
    this.#askedToEnd.add(this.pid);
    await this.process.stop();
  }

  /** SIGSTOP: connections stay open, but nobody answers. */
  pause(): void {
    this.process.signal('SIGSTOP');
  }

  resume(): void {
    this.process.signal('SIGCONT');
  }

  /** The mode that it reports at this moment. */
  async mode(timeoutMs = WORD_TIMEOUT_MS): Promise<MemberMode> {
    try {
      return parseSrvr(await fourLetterWord(this.plan.ports.client, 'srvr', timeoutMs))?.mode ?? 'looking';
    } catch {
      return 'down';
    }
  }

  /** The sid of the leader or observer master that an observer follows. */
  async learnerMaster(): Promise<number | undefined> {
    const answer = await fourLetterWord(this.plan.ports.client, 'mntr', WORD_TIMEOUT_MS);
    return parseMntr(answer).numbers.get('observer_master_id');
  }
}
