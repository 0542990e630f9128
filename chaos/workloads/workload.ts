/** What a workload is: clients that generate operations and record a history, in real and in virtual time. */
import type { z } from 'zod';
import type { Clock } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { HistoryRecorder } from './history-recorder.ts';
import type { RecordingClient } from './recording-client.ts';

export interface Workload<Options = unknown> {
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  /** Its options, each with a default. */
  readonly schema: z.ZodType<Options>;
  /** Checkers that its history must give something to check: an "unknown" of theirs is a failure. */
  readonly judgedBy: readonly string[];
  /** Nodes that are there before any fault. */
  setup(options: Options): readonly string[];
  /** The registers among them, whose versions count what was written: what checkers read in the end. */
  registers(options: Options): readonly string[];
  start(world: WorkloadWorld, options: Options): RunningWorkload;
}

/** Where a workload runs: a simulated world, or real servers on the wall's time. */
export interface WorkloadWorld {
  /** Takes the history. */
  readonly recorder: HistoryRecorder;
  /** Chances are drawn by name, so clients do not depend on each other. */
  readonly random: SeededRandom;
  /** A client, numbered from 1, with a session of its own. */
  client(process: number): RecordingClient;
  /** What the load of a client tells the time by. */
  clock(name: string): Clock;
}

export interface RunningWorkload {
  readonly clients: readonly RecordingClient[];
  /** No more requests; what is on its way is still answered. */
  stop(): void;
}
