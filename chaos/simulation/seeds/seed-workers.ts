/** Simulates seeds of the unchanged server in threads, one for each core unless told otherwise. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SeedPlaces } from './run.ts';
import type { SeedOptions, SeedReport } from './seed-report.ts';

/** Functions do not cross to a thread, so the program is the server. */
export type WorkerOptions = Pick<SeedOptions, 'shape' | 'traceDirectory' | 'minimise'>;

export const WORKERS_MAX = 256;

const MAIN = new URL('./seed-worker-main.js', import.meta.url);

/** @param count number of threads. @default the cores that this process may use */
export function seedWorkers(options: WorkerOptions, count = availableParallelism()): SeedPlaces {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  let isEnding = false;
  const start = () => {
    const worker = new Worker(MAIN, { workerData: options });
    all.add(worker);
    return worker;
  };
  return {
    count: Math.min(count, WORKERS_MAX),
    async run(seed) {
      if (isEnding) return undefined;
      const worker = idle.pop() ?? start();
      const report = await answered(worker, seed);
      if (report === undefined && !isEnding)
        throw new Error(`the thread of seed ${seed} ended without a report`);
      idle.push(worker);
      return report;
    },
    end() {
      isEnding = true;
      for (const worker of all) void worker.terminate();
    },
  };
}

/** Undefined when the thread was ended. An error that nothing caught in the thread is thrown here. */
function answered(worker: Worker, seed: number): Promise<SeedReport | undefined> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners();
    worker.once('message', resolve);
    worker.once('exit', () => resolve(undefined));
    worker.once('error', (error: Error) =>
      reject(new Error(`seed ${seed} ended its thread: ${error.message}`, { cause: error })),
    );
    worker.postMessage(seed);
  });
}
