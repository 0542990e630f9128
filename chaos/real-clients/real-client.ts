/**
 * A real client as a child process, with the whole connect string, as an application has it: it writes one
 * number after the other, each when the one before was answered. What it sees of a failover is measured
 * from outside.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { diesWithParent } from '../../bench/hosts/dies-with-parent.ts';
import type { ClientKind } from './client-kind.ts';

export interface RealClientOptions {
  readonly kind: ClientKind;
  /** "host:port,host:port" */
  readonly servers: string;
  /** Exists; nobody else writes it. */
  readonly path: string;
  readonly sessionTimeoutMs: number;
}

export interface ClientExperience {
  readonly acknowledged: number;
  /** The last number whose write was acknowledged. */
  readonly lastAcknowledged: number;
  readonly refused: number;
  readonly disconnections: number;
  /** Sessions that the client was told it had lost. */
  readonly expirations: number;
  /** The longest time from one acknowledged write to the next. */
  readonly longestGapMs: number;
}

/** From an answer to the next write. */
const PAUSE_MS = 20;
/** A client that says nothing for so long does not come back. */
const ANSWER_MAX_MS = 60_000;

export class RealClient {
  readonly kind: ClientKind;
  readonly #options: RealClientOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #number = 0;
  #isReady = false;
  #isWaiting = false;
  #isStopped = false;
  #acknowledged = 0;
  #lastAcknowledged = 0;
  #refused = 0;
  #disconnections = 0;
  #expirations = 0;
  #lastOkMs: number | undefined;
  #longestGapMs = 0;
  #said: string[] = [];

  constructor(options: RealClientOptions) {
    this.#options = options;
    this.kind = options.kind;
    const command = options.kind.command(options.servers, options.path, options.sessionTimeoutMs);
    const [program = '', ...rest] = command;
    const { file, args } = diesWithParent({ file: program, args: rest });
    this.#child = spawn(file, args, { stdio: 'pipe' });
    this.#child.stdin?.on('error', () => {});
    for (const output of [this.#child.stdout, this.#child.stderr])
      if (output !== null) createInterface({ input: output }).on('line', line => this.#hear(line.trim()));
    this.#ended = once(this.#child, 'close');
  }

  get experience(): ClientExperience {
    return {
      acknowledged: this.#acknowledged,
      lastAcknowledged: this.#lastAcknowledged,
      refused: this.#refused,
      disconnections: this.#disconnections,
      expirations: this.#expirations,
      longestGapMs: this.#longestGapMs,
    };
  }

  /** The last lines that it printed. */
  get said(): string {
    return this.#said.join('\n');
  }

  /** @throws Error with its last lines when it has not had so many writes acknowledged by then */
  async untilAcknowledged(count: number, maxMs = ANSWER_MAX_MS): Promise<void> {
    const giveUpAt = performance.now() + maxMs;
    while (this.#acknowledged < count) {
      if (performance.now() > giveUpAt)
        throw new Error(
          `${this.kind.name}: ${this.#acknowledged} of ${count} writes in ${maxMs} ms; it said: ${this.said}`,
        );
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** As a process that stands still. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Ends the process; its session is left to expire. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #hear(line: string): void {
    if (line === '') return;
    this.#said = [...this.#said.slice(-20), line];
    const heard = this.kind.read(line);
    if (heard === 'disconnected') this.#disconnections++;
    if (heard === 'expired') this.#expirations++;
    if (heard === 'ready' && !this.#isReady) {
      this.#isReady = true;
      this.#writeNext();
    }
    if (!this.#isWaiting || (heard !== 'ok' && heard !== 'error')) return;
    this.#isWaiting = false;
    if (heard === 'error') this.#refused++;
    else this.#acknowledge();
    setTimeout(() => this.#writeNext(), PAUSE_MS);
  }

  #acknowledge(): void {
    const nowMs = performance.now();
    this.#acknowledged++;
    this.#lastAcknowledged = this.#number;
    if (this.#lastOkMs !== undefined)
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastOkMs);
    this.#lastOkMs = nowMs;
  }

  #writeNext(): void {
    if (this.#isStopped) return;
    this.#isWaiting = true;
    this.#child.stdin?.write(`${this.kind.write(this.#options.path, ++this.#number)}\n`);
  }
}
