/** What a workload is: clients that generate operations and record a history, in real and in virtual time. */
import type { z } from 'zod';
import type { Clock } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { HistoryRecorder } from './history-recorder.ts';
import type { RecordingClient, Request } from './recording-client.ts';

export interface Workload<Options = unknown> {
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  /** Its options, each with a default. */
  readonly schema: z.ZodType<Options>;
  /** Draws options as a schedule could have them, the character of a run. @default its defaults */
  draw?(random: SeededRandom): object;
  /** Checkers for which its history must contain something to check. An "unknown" of theirs is a failure. */
  readonly judgedBy: readonly string[];
  /** Znodes that exist before any fault. */
  setup(options: Options): readonly string[];
  /** The registers among them, whose versions count the writes. Checkers read them at the end. */
  registers(options: Options): readonly string[];
  start(world: WorkloadWorld, options: Options): RunningWorkload;
}

/** Where a workload runs: a simulated world, or real servers in real time. */
export interface WorkloadWorld {
  /** Records the history. */
  readonly recorder: HistoryRecorder;
  /** Randomness is drawn by name, so clients do not depend on each other. */
  readonly random: SeededRandom;
  /** A client, numbered from 1, with its own session. For a reader, a read-only server is enough. */
  client(process: number, isReader?: boolean): RecordingClient;
  /** The clock of a client's load. */
  clock(name: string): Clock;
}

export interface RunningWorkload {
  readonly clients: readonly RecordingClient[];
  /** Sends no more requests. Requests under way are still answered. */
  stop(): void;
  /** What one of the clients reads in the end, behind a sync, so that checkers see what is left. */
  lastReads?(): readonly Request[];
}

/** The last reads with the sync before them; none when the workload has none. */
export function lastReadsOf({ lastReads }: RunningWorkload): readonly Request[] {
  const reads = lastReads?.() ?? [];
  return reads.length === 0 ? [] : [{ f: 'sync', path: '/' }, ...reads];
}
