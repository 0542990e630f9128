/** The thread of `replay-thread.ts`: replays the plan, writes the trace, and sends how it went. */
import { parentPort, workerData } from 'node:worker_threads';
import { serverProgram } from '../members/server-program.ts';
import { type ReplayOrder, replayedOf } from './replay-thread.ts';
import { replay } from './run.ts';

const { planFile, traceFile, debug } = workerData as ReplayOrder;
const result = replay(planFile, { program: serverProgram(), debug });
result.trace.writeTo(traceFile);
parentPort?.postMessage(replayedOf(result));
