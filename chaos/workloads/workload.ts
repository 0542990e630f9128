/** What a workload is: clients that generate operations and record a history, in real and in virtual time. */
import type { z } from 'zod';
import type { Address, Clock } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { ApplicationRecord } from '../checkers/run-record.ts';
import type { HistoryRecorder } from './clients/history-recorder.ts';
import type { Answer, RecordingClient, Request } from './clients/recording-client.ts';

export interface Workload<Options = unknown> {
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  /** Its options, each with a default. */
  readonly schema: z.ZodType<Options>;
  /** Draws options as a schedule could have them, the character of a run. @default its defaults */
  draw?(random: SeededRandom): object;
  /** Why none of its clients is on this machine; undefined when one is. @default they always are */
  absent?(options: Options): string | undefined;
  /** Checkers for which its history must contain something to check. An "unknown" of theirs is a failure. */
  readonly judgedBy: readonly string[];
  /** Its clients are processes of their own, or it knows members by their real addresses. */
  readonly onRealServersOnly?: true;
  /** Settings that all members need. @default none */
  readonly memberSettings?: Readonly<Record<string, string>>;
  /** What has to be there before it starts. @throws UsageError when that cannot be had */
  prepare?(options: Options): Promise<void>;
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
  /** What clients that are processes of their own are given; undefined in a simulation. */
  readonly processes?: ProcessWorld;
  /** What one chapter of a long load hands on to the next. */
  readonly kept?: Map<string, string>;
}

export interface ProcessWorld {
  readonly servers: readonly Address[];
  /** Below it lie all paths, as in a connect string; may be empty. */
  readonly root: string;
  readonly sessionTimeoutMs: number;
  /** A client has ended by itself. */
  onLost(why: string): void;
}

/** What a load and its end need of a client. */
export interface WorkloadClient {
  /** False while there is no session to send on. */
  readonly ready: boolean;
  readonly pending: number;
  /** Of its session, as the server has granted it. */
  readonly timeoutMs: number;
  /** @param onAnswer told once, and asynchronously */
  send(request: Request, onAnswer?: (answer: Answer) => void): void;
  close(): void;
}

/** A client that also tells of which paths there are events. */
export interface RecipeClient extends WorkloadClient {
  listen(onEventOf: (path: string) => void): void;
}

/** Of a workload that changes the ensemble itself. */
export interface Restoration {
  /** From now on its clients make the ensemble what it was before. */
  begin(): void;
  readonly isDone: boolean;
}

export interface RunningWorkload {
  readonly clients: readonly WorkloadClient[];
  /** Clients that this machine lacks, in words. */
  readonly skipped?: readonly string[];
  /** Sends no more requests. Requests under way are still answered. */
  stop(): void;
  readonly restoration?: Restoration;
  /** What one of the clients reads in the end, behind a sync, so that checkers see what is left. */
  lastReads?(): readonly Request[];
  /** What clients of applications have seen. */
  applications?(): readonly ApplicationRecord[];
  /** Ends the processes of clients. */
  end?(): Promise<void>;
}

/** The last reads with the sync before them; none when the workload has none. */
export function lastReadsOf({ lastReads }: RunningWorkload): readonly Request[] {
  const reads = lastReads?.() ?? [];
  return reads.length === 0 ? [] : [{ f: 'sync', path: '/' }, ...reads];
}
