/** Runs the load driver in its own process, so that the lab's other work does not show in the latencies. */
import { constants, getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execaNode, type ResultPromise } from 'execa';
import { closeChild } from '../hosts/close-child.ts';
import { driverOf, type WorstDriver, worstOf } from './driver/worst-driver.ts';
import { LoadError, NoSessionError } from './load-error.ts';
import type { LoadResult, LoadSpec } from './load-spec.ts';
import type { LoadProgress } from './run-load.ts';

export type ToLoadProcess = { kind: 'run'; spec: LoadSpec } | { kind: 'stop' };

export type FromLoadProcess =
  | { kind: 'ready' }
  | { kind: 'progress'; progress: LoadProgress }
  | { kind: 'result'; result: LoadResult }
  | { kind: 'failed'; message: string; noSession: boolean };

export interface LoadProcess {
  pid: number;
  /** @throws LoadError with the driver's own message, or with how its process ended */
  result: Promise<LoadResult>;
  /** Ends the load early. Its result still comes, and is void. */
  stop(): void;
}

const MAIN = fileURLToPath(new URL('./load-main.js', import.meta.url));
/** After warm-up, duration, drain and this time, the driver counts as hung. */
const GRACE_MS = 30_000;
const ENDING_CHARACTERS_MAX = 2_000;

type Child = ResultPromise<{ ipc: true; serialization: 'json'; cleanup: true; reject: false }>;

interface Waiting {
  readonly onProgress: ((progress: LoadProgress) => void) | undefined;
  resolve(result: LoadResult): void;
  reject(error: Error): void;
}

/**
 * One driver process for many loads, one at a time. It starts once, and its code is warm after the first
 * load, so that the first load of a run is not slower than the others. If it ends, the load that it ran is
 * lost, and the next load gets a new process.
 */
export class LoadDriver {
  #running: Running = start();
  #waiting: Waiting | undefined;
  #worst: WorstDriver | null = null;

  constructor() {
    this.#heed(this.#running);
  }

  get pid(): number {
    return this.#running.child.pid ?? 0;
  }

  /** @throws LoadError with the driver's own message, or with how it ended; Error when a load runs already */
  async run(spec: LoadSpec, onProgress?: (progress: LoadProgress) => void): Promise<LoadResult> {
    if (this.#waiting !== undefined) throw new Error('the load driver already runs a load');
    const limitMs = spec.warmupMs + spec.durationMs + GRACE_MS;
    let timer: NodeJS.Timeout | undefined;
    const result = new Promise<LoadResult>((resolve, reject) => {
      this.#waiting = { onProgress, resolve, reject };
      timer = setTimeout(() => {
        this.#settle()?.reject(new LoadError(`the load driver gave no result within ${limitMs} ms`));
        this.#running.child.kill('SIGKILL');
        this.#renew();
      }, limitMs);
    });
    if (this.#running.isOver) this.#renew();
    const { ready } = this.#running;
    void ready.then(() => this.#send({ kind: 'run', spec }));
    try {
      const measured = await result;
      const { driver, sends } = measured;
      this.#worst = worstOf([this.#worst, driverOf(driver, this.#running.niceValue, sends)]);
      return measured;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The worst that was seen of the driver in any load; null before the first. */
  get worst(): WorstDriver | null {
    return this.#worst;
  }

  /** Ends the current load early. Its result still comes, and is void. */
  abort(): void {
    this.#send({ kind: 'stop' });
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await closeChild(this.#running.child);
  }

  #renew(): void {
    this.#running = start();
    this.#heed(this.#running);
  }

  /** Messages of an earlier process are ignored. */
  #heed(running: Running): void {
    const { child } = running;
    child.on('message', (message: unknown) => {
      const received = message as FromLoadProcess;
      if (received.kind !== 'ready' && running === this.#running) this.#onMessage(received);
    });
    void child.then(({ stderr, shortMessage }) => {
      running.isOver = true;
      const how = String(stderr || shortMessage || 'it exited').slice(-ENDING_CHARACTERS_MAX);
      if (running === this.#running)
        this.#settle()?.reject(new LoadError(`the load driver ended without a result: ${how}`));
    });
  }

  #onMessage(message: Exclude<FromLoadProcess, { kind: 'ready' }>): void {
    if (message.kind === 'progress') this.#waiting?.onProgress?.(message.progress);
    else if (message.kind === 'result') this.#settle()?.resolve(message.result);
    else {
      const Reason = message.noSession ? NoSessionError : LoadError;
      this.#settle()?.reject(new Reason(`load driver: ${message.message}`));
    }
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  #send(message: ToLoadProcess): void {
    const { child } = this.#running;
    if (child.connected) child.send(message as never, () => {});
  }
}

/** One process of a driver. */
interface Running {
  readonly child: Child;
  /** Settles when it listens, or has ended. */
  readonly ready: Promise<unknown>;
  readonly niceValue: number;
  isOver: boolean;
}

function start(): Running {
  const child = execaNode(MAIN, { ipc: true, serialization: 'json', cleanup: true, reject: false });
  const niceValue = preferred(child.pid ?? 0);
  const listens = new Promise<void>(resolve => {
    child.on('message', message => {
      if ((message as FromLoadProcess).kind === 'ready') resolve();
    });
  });
  return { child, ready: Promise.race([listens, child]), niceValue, isOver: false };
}

/**
 * With fewer cores than members, the driver would wait for a core like a server, and its waiting would count
 * as the servers'. So it gets a higher priority. If this user may not raise one, the driver's own lag limits
 * show it. Returns its nice value.
 */
function preferred(pid: number): number {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGH);
    return constants.priority.PRIORITY_HIGH;
  } catch {
    // EACCES for all but root; ESRCH for a process that did not start.
    return getPriority();
  }
}

/** A driver for one load. */
export function startLoadProcess(spec: LoadSpec, onProgress?: (progress: LoadProgress) => void): LoadProcess {
  const driver = new LoadDriver();
  const result = driver.run(spec, onProgress).finally(() => driver.close());
  // A caller that awaits the result gets the failure. Until then it must not end the lab as an unhandled
  // rejection.
  result.catch(() => {});
  return { pid: driver.pid, result, stop: () => driver.abort() };
}
