/** A thread that simulates the seeds that its parent sends it, one at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSeed } from './run.ts';
import type { SeedWork } from './seed-workers.ts';
import { serverProgram } from './server-program.ts';

const work = workerData as SeedWork;
parentPort?.on('message', (seed: number) => {
  parentPort?.postMessage(runSeed(seed, { ...work, program: serverProgram() }));
});
