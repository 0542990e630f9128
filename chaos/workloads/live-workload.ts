import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZkClient } from '../../bench/load/client.ts';
import { silentLogger } from '../../server/runtime/logger.ts';
import { nodeRuntime } from '../../server/runtime/node-runtime.ts';
import type { Address } from '../../server/runtime/runtime.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { HistoryEvent } from '../checkers/history.ts';
import type { RunRecord } from '../checkers/run-record.ts';
import { HISTORY_FILE, HistoryFile } from './history-file.ts';
import { HistoryRecorder } from './history-recorder.ts';
import { RecordingClient } from './recording-client.ts';
import { lastReadsOf, type RunningWorkload, type Workload } from './workload.ts';

export interface LiveWorkloadOptions {
  /** Client ports of all members. A client moves to the next one when its server goes away. */
  readonly servers: readonly Address[];
  readonly seed: string;
  /** @default 5000 */
  readonly sessionTimeoutMs?: number;
  /** Of the run. The history is written there while it happens. @default nowhere */
  readonly folder?: string;
  /** @default HISTORY_EVENTS_MAX */
  readonly historyEventsMax?: number;
}

/**
 * A history that has so many events gets no more: the load stops. Checkers read it as a whole, and take about
 * 1 KiB of memory for each event.
 */
export const HISTORY_EVENTS_MAX = 700_000;

const POLL_MS = 10;
/** A tick, which is at most half of the shortest timeout, and what a busy machine adds. */
const SLACK_SHARE = 0.6;

/**
 * Runs a workload on real servers, from this process. Clients, load and history are those of a simulation, so
 * the same checkers judge it. Its own creates make the registers.
 */
export class LiveWorkload {
  readonly workload: Workload;
  /** Paths of the registers, whose versions count the writes. */
  readonly paths: readonly string[];
  /** Servers that broke the protocol, as each client saw it. */
  readonly violations: string[] = [];
  readonly #time: { readonly nowMs: number };
  readonly #recorder: HistoryRecorder;
  readonly #running: RunningWorkload;
  readonly folder: string | undefined;
  readonly #file: HistoryFile | undefined;
  #isOver = false;
  #isFull = false;

  /** @param given options of the workload that replace its defaults */
  constructor(workload: Workload, options: LiveWorkloadOptions, given: object = {}) {
    const { servers, seed, sessionTimeoutMs = 5_000, folder } = options;
    const { historyEventsMax = HISTORY_EVENTS_MAX } = options;
    this.workload = workload;
    const { clock, network } = nodeRuntime({ logger: silentLogger });
    const startMs = clock.monotonicMs();
    this.#time = {
      get nowMs() {
        return clock.monotonicMs() - startMs;
      },
    };
    this.folder = folder;
    this.#file = folder === undefined ? undefined : new HistoryFile(join(folder, HISTORY_FILE));
    const keep = (event: HistoryEvent) => {
      this.#file?.write(event);
      if (event.index + 1 >= historyEventsMax) this.#fill();
    };
    this.#recorder = new HistoryRecorder({ time: this.#time, note: () => {}, keep });
    const ofWorkload = this.workload.schema.parse(given);
    this.paths = this.workload.registers(ofWorkload);
    const client = (process: number, isReader = false) =>
      new RecordingClient({
        process,
        clock,
        network,
        servers,
        recorder: this.#recorder,
        sessionTimeoutMs,
        ...(isReader ? { readOnly: 'anything' as const } : {}),
        note: () => {},
        onViolation: what => this.violations.push(`client ${process}: ${what}`),
      });
    const random = new SeededRandom(seed);
    const world = { recorder: this.#recorder, random, client, clock: () => clock };
    this.#running = this.workload.start(world, ofWorkload);
  }

  /** Why the history on disk, or the load, is not whole; undefined when both are. */
  get problem(): string | undefined {
    if (this.#isFull) return `the load ended when the history had ${this.history.length} events`;
    return this.#file?.problem;
  }

  #fill(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#running.stop();
  }

  /** Ms on the clock of the history. */
  get nowMs(): number {
    return this.#time.nowMs;
  }

  /** Ms since 1970 of 0 ms on that clock. */
  get startedAtMs(): number {
    return Date.now() - this.nowMs;
  }

  get history(): readonly HistoryEvent[] {
    return this.#recorder.history;
  }

  get acknowledgedWrites(): number {
    return this.#recorder.acknowledgedWrites;
  }

  /** The parts of the record of the run that the clients themselves know. */
  get record(): Pick<RunRecord, 'history' | 'sessionRecords' | 'sessionTimeouts'> {
    const timeoutMs = Math.min(...this.#running.clients.map(client => client.timeoutMs));
    const slackMs = timeoutMs * SLACK_SHARE;
    const { history, sessionRecords } = this.#recorder;
    return { history, sessionRecords, sessionTimeouts: { timeoutMs, slackMs } };
  }

  /** @throws Error when fewer than `count` more writes are acknowledged within the deadline */
  async untilAcknowledged(count: number, deadlineMs: number): Promise<void> {
    const wanted = this.acknowledgedWrites + count;
    const giveUpAt = performance.now() + deadlineMs;
    while (this.acknowledgedWrites < wanted) {
      if (performance.now() > giveUpAt) {
        const missing = wanted - this.acknowledgedWrites;
        throw new Error(`${missing} of ${count} writes were not acknowledged within ${deadlineMs} ms`);
      }
      await sleep(POLL_MS);
    }
  }

  /**
   * Sends no more requests but its last reads. Settles when all are answered, or given up at the deadline,
   * and the sessions are closed. Only the first call counts.
   */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const { clients } = this.#running;
    this.#running.stop();
    const giveUpAt = performance.now() + deadlineMs;
    const untilAnswered = async () => {
      while (clients.some(client => client.pending > 0) && performance.now() < giveUpAt) await sleep(POLL_MS);
    };
    await untilAnswered();
    const reader = await this.#readyClient(giveUpAt);
    for (const request of reader === undefined ? [] : lastReadsOf(this.#running)) reader?.send(request);
    await untilAnswered();
    for (const client of clients) client.close();
    this.#file?.close();
  }

  async #readyClient(giveUpAt: number): Promise<RecordingClient | undefined> {
    const { clients } = this.#running;
    for (;;) {
      const ready = clients.find(client => client.ready);
      if (ready !== undefined || performance.now() >= giveUpAt) return ready;
      await sleep(POLL_MS);
    }
  }
}

/** Creates the znodes that a workload expects, except its registers. */
export async function prepareNodes(address: string, workload: Workload, given: object = {}): Promise<void> {
  const options = workload.schema.parse(given);
  const registers = new Set(workload.registers(options));
  const client = await ZkClient.connect(address);
  try {
    for (const path of workload.setup(options)) if (!registers.has(path)) await client.create(path);
  } finally {
    await client.close();
  }
}
