/** A thread of `seed-workers.ts`: simulates each seed it is sent, and sends its report. */
import { parentPort, workerData } from 'node:worker_threads';
import { serverProgram } from '../members/server-program.ts';
import { runSeed } from './seed-report.ts';
import type { WorkerOptions } from './seed-workers.ts';

const options = { ...(workerData as WorkerOptions), program: serverProgram() };

parentPort?.on('message', (seed: number) => parentPort?.postMessage(runSeed(seed, options)));
