/**
 * One running process of a member, from its start to its exit. A restarted member has another LocalProcess.
 */
import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { UsageError } from '../usage-error.ts';
import { diesWithParent } from './dies-with-parent.ts';
import { endWithLab } from './end-with-lab.ts';
import type { HostProcess, ProcessExit, StartOptions } from './host.ts';
import { signalGroup } from './process-identity.ts';
import { type Registration, registerProcess } from './reaper.ts';

const STOP_GRACE_MS = 5_000;
/** After SIGKILL, only a process in uninterruptible sleep still exists. */
const KILLED_MAX_MS = 5_000;

export class LocalProcess implements HostProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  #exit: ProcessExit | undefined;

  /** @throws UsageError when the command cannot be started at all */
  constructor({ command, endsWithInput = false, log, cwd, marker, temporaryFolder }: StartOptions) {
    const { file, args } = endsWithInput ? command : diesWithParent(command);
    const child = execa(file, [...args], {
      cwd,
      env: { ...command.env },
      // Kept open and never written. Its end tells the member that the lab is gone.
      stdin: 'pipe',
      buffer: false,
      reject: false,
      // In its own process group, so that Ctrl-C reaches only the lab, which decides what ends and when.
      detached: true,
      cleanup: false,
    });
    log.read(child.stdout);
    log.read(child.stderr);
    child.stdin?.on('error', () => {});
    const { pid } = child;
    if (pid === undefined && !existsSync(cwd))
      throw new Error(`${command.file} could not be started in ${cwd}: this folder does not exist any more`);
    if (pid === undefined)
      throw new UsageError(
        `${command.file} could not be started; accepted is a program of this machine, by its path or on the PATH`,
      );
    this.pid = pid;
    const forget = endWithLab(pid);
    let registration: Registration | undefined;
    try {
      registration = registerProcess(pid, marker, temporaryFolder);
    } catch (error) {
      // No register would name the process, so it is ended: a full disk must not leave a process behind.
      signalGroup(pid, 'SIGKILL');
      throw error;
    }
    this.exited = child.then(({ exitCode, signal }) => {
      forget();
      registration?.remove();
      this.#exit = { code: exitCode, signal };
      return this.#exit;
    });
  }

  /** Undefined while it runs. */
  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  /** Sent to the whole group, because a command may be a script with the server as its child. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) signalGroup(this.pid, signal);
  }

  /** SIGTERM, then SIGKILL after `graceMs`. @throws Error when the process outlives even that */
  async stop(graceMs = STOP_GRACE_MS): Promise<ProcessExit> {
    this.signal('SIGTERM');
    // A paused process would handle SIGTERM only after it continues.
    this.signal('SIGCONT');
    return (await within(this.exited, graceMs)) ?? this.kill();
  }

  /** SIGKILL: the process itself flushes nothing and closes no connection. */
  async kill(): Promise<ProcessExit> {
    this.signal('SIGKILL');
    const exit = await within(this.exited, KILLED_MAX_MS);
    if (exit === undefined)
      throw new Error(`process ${this.pid} is still alive ${KILLED_MAX_MS} ms after SIGKILL`);
    return exit;
  }
}

async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
