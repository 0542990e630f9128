/** The program of a client as a child process that speaks the protocol of `protocol.ts`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { diesWithParent } from '../../bench/hosts/dies-with-parent.ts';
import { type ProgramAnswer, type ProgramRequest, readLine, type StateChange } from './protocol.ts';

export interface ProgramListeners {
  onAnswer(answer: ProgramAnswer): void;
  onState(change: StateChange): void;
  /** Its process has ended. */
  onEnd(exit: string): void;
}

/** It is asked to close its session, and killed when that takes longer. */
const CLOSE_MAX_MS = 2_000;
const LINES_KEPT = 20;

export class ClientProgram {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** What it printed beside the protocol. */
  #said: string[] = [];

  constructor(command: readonly string[], { onAnswer, onState, onEnd }: ProgramListeners) {
    const [program = '', ...rest] = command;
    const { file, args } = diesWithParent({ file: program, args: rest });
    this.#child = spawn(file, args, { stdio: 'pipe' });
    this.#child.stdin?.on('error', () => {});
    const hear = (text: string) => {
      const line = readLine(text);
      if (line === undefined) this.#said = [...this.#said.slice(1 - LINES_KEPT), text];
      else if ('state' in line) onState(line);
      else onAnswer(line);
    };
    for (const output of [this.#child.stdout, this.#child.stderr])
      if (output !== null) createInterface({ input: output }).on('line', hear);
    this.#ended = new Promise<string>(resolve => {
      this.#child.once('close', (exit, signal) => resolve(`exit ${signal ?? exit}`));
      this.#child.once('error', error => resolve(error.message));
    }).then(onEnd);
  }

  /** The last lines that it printed beside the protocol. */
  get said(): string {
    return this.#said.join('\n');
  }

  send(request: ProgramRequest): void {
    this.#write(request);
  }

  /** Pauses the process, or lets it continue. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Closes its session and ends it. */
  async close(): Promise<void> {
    this.#write({ f: 'close' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MAX_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #write(request: object): void {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
  }
}
