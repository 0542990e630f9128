/** Replays a plan in a thread. A simulation never waits, so in this one no signal could end it. */
import { Worker } from 'node:worker_threads';
import type { SimulationResult } from '../simulate.ts';

export interface ReplayOrder {
  readonly planFile: string;
  readonly traceFile: string;
  /** Whether the trace has the debug lines of the servers. */
  readonly debug: boolean;
}

export type Replayed = Pick<
  SimulationResult,
  'seed' | 'verdict' | 'reasons' | 'acknowledgedWrites' | 'faultsInjected' | 'virtualMs'
>;

const MAIN = new URL('./replay-thread-main.js', import.meta.url);

/** Undefined when `signal` ended it. An error that nothing caught in the thread is thrown here. */
export function replayInThread(order: ReplayOrder, signal: AbortSignal): Promise<Replayed | undefined> {
  const worker = new Worker(MAIN, { workerData: order });
  const end = () => void worker.terminate();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return new Promise<Replayed | undefined>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => resolve(undefined));
  }).finally(() => signal.removeEventListener('abort', end));
}

/** What crosses to the other thread. */
export function replayedOf(result: SimulationResult): Replayed {
  const { seed, verdict, reasons, acknowledgedWrites, faultsInjected, virtualMs } = result;
  return { seed, verdict, reasons: [...reasons], acknowledgedWrites, faultsInjected, virtualMs };
}
