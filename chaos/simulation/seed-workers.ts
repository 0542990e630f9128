import { Worker } from 'node:worker_threads';
import { type RunSeedOptions, type RunSeedsSummary, type SeedReport, SeedSum } from './run.ts';

/** What a worker needs to know, besides its seeds. It runs the server itself. */
export type SeedWork = Pick<RunSeedOptions, 'shape' | 'traceDirectory' | 'minimise'>;

export interface SeedWorkersOptions extends SeedWork {
  readonly seeds: Iterable<number>;
  /** Number of threads. Each takes the next seed when it is done with one. */
  readonly jobs: number;
  readonly onProgress: (report: SeedReport) => void;
  /** Stops at once: seeds under way do not count. */
  readonly signal: AbortSignal;
}

/**
 * Simulates seeds in several threads. A seed gives the same result in any of them. @throws what a worker
 * throws
 */
export async function runSeedsInWorkers(options: SeedWorkersOptions): Promise<RunSeedsSummary> {
  const { seeds, jobs, onProgress, signal, ...work } = options;
  const summing = new SeedSum();
  const rest = seeds[Symbol.iterator]();
  const workers = Array.from({ length: jobs }, () => newWorker(work));
  const serve = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const next = () => {
        const { value, done } = rest.next();
        if (done === true || signal.aborted) resolve();
        else worker.postMessage(value);
      };
      worker.on('message', (report: SeedReport) => {
        if (signal.aborted) return;
        summing.add(report);
        onProgress(report);
        next();
      });
      worker.on('error', reject);
      signal.addEventListener('abort', () => resolve(), { once: true });
      next();
    });
  try {
    await Promise.all(workers.map(serve));
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()));
  }
  return summing.summary();
}

function newWorker(work: SeedWork): Worker {
  return new Worker(new URL('./seed-worker.js', import.meta.url), { workerData: work });
}
