/**
 * A chapter of a workload on real servers: clients with a history of their own, below a znode of their own. A
 * long load has several, one after the other, so that neither clients nor checkers hold all of it at once.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../../server/runtime/logging/logger.ts';
import { nodeRuntime } from '../../../server/runtime/node/node-runtime.ts';
import type { Address } from '../../../server/runtime/runtime.ts';
import { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import type { HistoryEvent } from '../../checkers/history.ts';
import { firstWriteAfter } from '../../checkers/liveness.ts';
import type { RunRecord } from '../../checkers/run-record.ts';
import { HistoryRecorder } from '../clients/history-recorder.ts';
import { RecordingClient } from '../clients/recording-client.ts';
import { HISTORY_FILE, HistoryFile } from '../records/history-file.ts';
import { keepHistory, readKeptHistory } from '../records/kept-record.ts';
import { lastReadsOf, type RunningWorkload, type Workload, type WorkloadClient } from '../workload.ts';

export interface ChapterOptions {
  /** Counts from 1. */
  readonly number: number;
  /** Below it lie all of its paths; empty for the first chapter. */
  readonly root: string;
  /** The transaction that made its root; 0 for the first chapter. */
  readonly fromZxid: number;
  readonly workload: Workload;
  /** Options of the workload, as its schema parses them. */
  readonly ofWorkload: object;
  readonly servers: readonly Address[];
  readonly seed: string;
  readonly sessionTimeoutMs: number;
  readonly time: { readonly nowMs: number };
  /** What chapters hand on to each other. */
  readonly kept: Map<string, string>;
  /** Where its history is written while it happens; undefined: nowhere. */
  readonly folder: string | undefined;
  /** Told each event. */
  readonly onEvent: () => void;
}

/** What clients themselves know of a run. */
export type ChapterRecord = Pick<RunRecord, 'history' | 'sessionRecords' | 'sessionTimeouts'> &
  Partial<Pick<RunRecord, 'applications'>>;

const POLL_MS = 10;
/** A tick, which is at most half of the shortest timeout, and what a busy machine adds. */
const SLACK_SHARE = 0.6;
const ROOT_PREFIX = '/chapter-';

/** Znodes of later chapters, as the first one sees them. */
export function isOfLaterChapter(path: string): boolean {
  return path.startsWith(ROOT_PREFIX);
}

export function rootOf(number: number): string {
  return `${ROOT_PREFIX}${number}`;
}

/** The folder of a chapter in that of its run. */
export function chapterFolder(folder: string, number: number): string {
  return number === 1 ? folder : join(folder, `chapter-${number}`);
}

export class Chapter {
  readonly number: number;
  readonly root: string;
  readonly fromZxid: number;
  readonly folder: string | undefined;
  /** Paths of its registers, without the root. */
  readonly registers: readonly string[];
  /** Servers that broke the protocol, as each client saw it. */
  readonly violations: string[] = [];
  /** Clients that this machine lacks, in words. */
  readonly skipped: readonly string[];
  /** Clients that ended by themselves. */
  readonly #lost: string[] = [];
  readonly #file: HistoryFile | undefined;
  /** Undefined once it is on disk alone. */
  #memory: { readonly recorder: HistoryRecorder; readonly running: RunningWorkload } | undefined;
  #timeoutMs = 0;
  #applications: RunRecord['applications'] | undefined;
  #acknowledgedWrites = 0;
  #giveUpAt = Number.POSITIVE_INFINITY;
  #ended: Promise<void> | undefined;

  /** @throws Error when its file cannot be created */
  constructor(options: ChapterOptions) {
    const { number, root, fromZxid, workload, ofWorkload, servers, seed, sessionTimeoutMs, time, kept } =
      options;
    this.number = number;
    this.root = root;
    this.fromZxid = fromZxid;
    this.folder = options.folder === undefined ? undefined : chapterFolder(options.folder, number);
    if (this.folder !== undefined) mkdirSync(this.folder, { recursive: true });
    this.#file = this.folder === undefined ? undefined : new HistoryFile(join(this.folder, HISTORY_FILE));
    this.registers = workload.registers(ofWorkload);
    const { clock, network } = nodeRuntime({ logger: silentLogger });
    const keep = (event: HistoryEvent) => {
      this.#file?.write(event);
      options.onEvent();
    };
    const recorder = new HistoryRecorder({ time, note: () => {}, keep });
    const client = (process: number, isReader = false) =>
      new RecordingClient({
        ...{ process, clock, network, servers, recorder, root, sessionTimeoutMs },
        ...(isReader ? { readOnly: 'anything' as const } : {}),
        note: () => {},
        onViolation: what => this.violations.push(`client ${process}: ${what}`),
      });
    const random = new SeededRandom(number === 1 ? seed : `${seed} chapter ${number}`);
    const onLost = (why: string) => void this.#lost.push(why);
    const processes = { servers, root, sessionTimeoutMs, onLost };
    const world = { recorder, random, client, clock: () => clock, processes, kept };
    const running = workload.start(world, ofWorkload);
    this.skipped = running.skipped ?? [];
    this.#memory = { recorder, running };
  }

  /** Events so far; 0 once it is on disk alone. */
  get events(): number {
    return this.#memory?.recorder.history.length ?? 0;
  }

  get acknowledgedWrites(): number {
    return this.#memory?.recorder.acknowledgedWrites ?? this.#acknowledgedWrites;
  }

  /** Why its history on disk is not whole; undefined when it is. */
  get problem(): string | undefined {
    return this.#lost[0] ?? this.#file?.problem;
  }

  /** Undefined also for a chapter that is on disk alone. */
  firstWriteAfter(fromMs: number): number | undefined {
    return this.#memory && firstWriteAfter(this.#memory.recorder.history, fromMs);
  }

  /** Its clients make the ensemble what it was before the load, if they have changed it. */
  restore(): void {
    this.#memory?.running.restoration?.begin();
  }

  get isRestored(): boolean {
    return this.#memory?.running.restoration?.isDone ?? true;
  }

  /** Sends no more requests but its last reads. */
  pause(): void {
    this.#memory?.running.stop();
  }

  /**
   * Settles when all requests are answered, or given up at the deadline, and the sessions are closed. A later
   * call can only bring the deadline forward.
   */
  end(deadlineMs: number): Promise<void> {
    this.#giveUpAt = Math.min(this.#giveUpAt, performance.now() + deadlineMs);
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    if (this.#memory === undefined) return;
    const { running } = this.#memory;
    const { clients } = running;
    running.stop();
    const untilAnswered = async () => {
      while (clients.some(client => client.pending > 0) && !this.#isLate()) await sleep(POLL_MS);
    };
    await untilAnswered();
    const reader = await this.#readyClient(clients);
    for (const request of reader === undefined ? [] : lastReadsOf(running)) {
      // It may lose its connection between two of them.
      if (reader?.ready === true) reader.send(request);
    }
    await untilAnswered();
    for (const client of clients) client.close();
    await running.end?.();
    this.#file?.close();
  }

  async #readyClient(clients: readonly WorkloadClient[]): Promise<WorkloadClient | undefined> {
    for (;;) {
      const ready = clients.find(client => client.ready);
      if (ready !== undefined || this.#isLate()) return ready;
      await sleep(POLL_MS);
    }
  }

  #isLate(): boolean {
    return performance.now() >= this.#giveUpAt;
  }

  /** Leaves nothing of its history in memory. @throws Error when the disk does not take the rest of it */
  async putAway(): Promise<void> {
    if (this.#memory === undefined || this.folder === undefined || this.problem !== undefined) return;
    const { recorder } = this.#memory;
    await keepHistory(this.folder, recorder.sessionRecords);
    this.#timeoutMs = this.#sessionTimeoutMs;
    this.#applications = this.#seenByApplications;
    this.#acknowledgedWrites = recorder.acknowledgedWrites;
    this.#memory = undefined;
  }

  /** Whether its history has to be read from disk. */
  get isPutAway(): boolean {
    return this.#memory === undefined;
  }

  /** @throws StoreError when it cannot be read back */
  async record(): Promise<ChapterRecord> {
    const timeoutMs = this.#sessionTimeoutMs;
    const sessionTimeouts = { timeoutMs, slackMs: timeoutMs * SLACK_SHARE };
    const applications = this.#seenByApplications;
    const known = { sessionTimeouts, ...(applications && { applications }) };
    if (this.#memory !== undefined) {
      const { history, sessionRecords } = this.#memory.recorder;
      return { history, sessionRecords, ...known };
    }
    return { ...(await readKeptHistory(this.folder ?? '')), ...known };
  }

  get #seenByApplications(): RunRecord['applications'] | undefined {
    return this.#memory === undefined ? this.#applications : this.#memory.running.applications?.();
  }

  get #sessionTimeoutMs(): number {
    const clients = this.#memory?.running.clients;
    return clients === undefined ? this.#timeoutMs : Math.min(...clients.map(client => client.timeoutMs));
  }
}
