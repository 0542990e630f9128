/** Many sink observers, in a few processes of their own. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa, type ResultPromise } from 'execa';
import type { Command } from '../hosts/dies-with-parent.ts';
import type { MasterAddress, SinkCounts, SinkOptions, SinkWay } from './sink-observer.ts';

export type { MasterAddress, SinkWay } from './sink-observer.ts';

export type ToSinks =
  | {
      readonly kind: 'start';
      readonly firstSid: number;
      readonly count: number;
      readonly masters: readonly MasterAddress[];
      readonly options: SinkOptions;
    }
  | { readonly kind: 'count' }
  | { readonly kind: 'ways' };
export type FromSinks =
  | { readonly kind: 'ready' }
  | { readonly kind: 'counts'; readonly counts: SinkCounts; readonly cpuMs: number }
  | { readonly kind: 'ways'; readonly ways: readonly SinkWay[] };

export interface SinksOptions extends SinkOptions {
  readonly count: number;
  /** Where sinks connect: the quorum ports of the voters, of which only the leader listens, or masters. */
  readonly masters: readonly MasterAddress[];
  /** How a command runs where the masters can be reached. @default as it is */
  readonly beside?: (command: Command) => Command;
}

/** Of all processes together. */
export interface SinksUse extends SinkCounts {
  /** CPU of the processes since they started. */
  readonly cpuMs: number;
}

export const SINKS_MAX = 2_000;
const SINKS_PER_PROCESS = 500;
/** Above the ids that a configuration can have. */
const FIRST_SID = 10_000;
const POLL_MS = 50;

const MAIN = fileURLToPath(new URL('./sink-main.js', import.meta.url));

type Child = ResultPromise<{ ipc: true; serialization: 'json'; cleanup: true; reject: false }>;

export class Sinks {
  readonly count: number;
  readonly #children: readonly Child[];

  private constructor(count: number, children: readonly Child[]) {
    this.count = count;
    this.#children = children;
  }

  /** Settles when they dial; then use `untilServing`. @throws RangeError, Error when a process ends */
  static async start({
    count,
    masters,
    beside = command => command,
    ...options
  }: SinksOptions): Promise<Sinks> {
    if (!Number.isInteger(count) || count < 0 || count > SINKS_MAX)
      throw new RangeError(`${count} sinks: a whole number from 0 to ${SINKS_MAX} is accepted`);
    const sizes = Array.from({ length: Math.ceil(count / SINKS_PER_PROCESS) }, (_, i) =>
      Math.min(SINKS_PER_PROCESS, count - i * SINKS_PER_PROCESS),
    );
    const { file, args } = beside({ file: process.execPath, args: [MAIN] });
    const children = sizes.map(() =>
      execa(file, [...args], { ipc: true, serialization: 'json', cleanup: true, reject: false }),
    );
    const sinks = new Sinks(count, children);
    try {
      await Promise.all(
        children.map(async (child, i) => {
          await heard(child);
          const firstSid = FIRST_SID + i * SINKS_PER_PROCESS;
          await ask(child, { kind: 'start', firstSid, count: sizes[i]!, masters, options }, 'counts');
        }),
      );
      return sinks;
    } catch (error) {
      await sinks.stop();
      throw error;
    }
  }

  async use(): Promise<SinksUse> {
    const all = await Promise.all(this.#children.map(child => ask(child, { kind: 'count' }, 'counts')));
    const sum = (of: (each: SinkCounts) => number) =>
      all.reduce((total, { counts }) => total + of(counts), 0);
    return {
      serving: sum(({ serving }) => serving),
      informs: sum(({ informs }) => informs),
      bytes: sum(({ bytes }) => bytes),
      reconnects: sum(({ reconnects }) => reconnects),
      lastReason: all.find(({ counts }) => counts.lastReason !== '')?.counts.lastReason ?? '',
      lastServingAtMs: Math.max(0, ...all.map(({ counts }) => counts.lastServingAtMs)),
      cpuMs: all.reduce((total, { cpuMs }) => total + cpuMs, 0),
    };
  }

  /** How each sink that has ever served came to do so the last time. */
  async ways(): Promise<SinkWay[]> {
    const all = await Promise.all(this.#children.map(child => ask(child, { kind: 'ways' }, 'ways')));
    return all.flatMap(({ ways }) => ways);
  }

  /**
   * Settles when all have come to serve after that moment, in ms since 1970.
   * @throws Error at the deadline, with how many do and why the others do not
   */
  async untilBack(sinceMs: number, maxMs: number, signal?: AbortSignal): Promise<void> {
    const isBack = async ({ serving }: SinksUse) =>
      serving === this.count && (await this.ways()).every(({ servingAtMs }) => servingAtMs > sinceMs);
    await this.#until(isBack, maxMs, signal);
  }

  /** Settles when all serve. @throws Error at the deadline, with how many do and why the others do not */
  async untilServing(maxMs: number, signal?: AbortSignal): Promise<SinksUse> {
    return this.#until(async ({ serving }) => serving === this.count, maxMs, signal);
  }

  async #until(
    isDone: (use: SinksUse) => Promise<boolean>,
    maxMs: number,
    signal: AbortSignal | undefined,
  ): Promise<SinksUse> {
    const giveUpAt = performance.now() + maxMs;
    for (;;) {
      signal?.throwIfAborted();
      const use = await this.use();
      if (await isDone(use)) return use;
      if (performance.now() > giveUpAt)
        throw new Error(
          `${use.serving} of ${this.count} sinks served within ${maxMs} ms; the last loss: ${use.lastReason || 'none'}`,
        );
      await sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(this.#children);
  }
}

async function ask<Kind extends FromSinks['kind']>(
  child: Child,
  message: ToSinks,
  kind: Kind,
): Promise<Extract<FromSinks, { kind: Kind }>> {
  const answer = heard(child);
  child.send(message as never);
  const said = await answer;
  if (said.kind !== kind) throw new Error(`a process of sinks sent ${said.kind} where ${kind} were expected`);
  return said as Extract<FromSinks, { kind: Kind }>;
}

/** The next message. Each process is asked one thing at a time. */
async function heard(child: Child): Promise<FromSinks> {
  const ended = child.then(({ shortMessage, stderr }) => {
    throw new Error(`a process of sinks ended: ${stderr || shortMessage || 'it exited'}`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [FromSinks];
  return message;
}
