import { setTimeout as sleep } from 'node:timers/promises';
import { ZkClient } from '../../bench/load/client.ts';
import { silentLogger } from '../../server/runtime/logger.ts';
import { nodeRuntime } from '../../server/runtime/node-runtime.ts';
import type { Address } from '../../server/runtime/runtime.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { HistoryEvent } from '../checkers/history.ts';
import { HistoryRecorder } from './history-recorder.ts';
import { RecordingClient } from './recording-client.ts';
import type { RunningWorkload, Workload } from './workload.ts';

export interface LiveWorkloadOptions {
  /** Client ports of all members. A client moves to the next one when its server goes away. */
  readonly servers: readonly Address[];
  readonly seed: string;
  /** @default 5000 */
  readonly sessionTimeoutMs?: number;
}

const POLL_MS = 10;

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

  /** @param given options of the workload that replace its defaults */
  constructor(
    workload: Workload,
    { servers, seed, sessionTimeoutMs = 5_000 }: LiveWorkloadOptions,
    given: object = {},
  ) {
    this.workload = workload;
    const { clock, network } = nodeRuntime({ logger: silentLogger });
    const startMs = clock.monotonicMs();
    this.#time = {
      get nowMs() {
        return clock.monotonicMs() - startMs;
      },
    };
    this.#recorder = new HistoryRecorder({ time: this.#time, note: () => {} });
    const options = this.workload.schema.parse(given);
    this.paths = this.workload.registers(options);
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
    this.#running = this.workload.start(world, options);
  }

  /** Ms on the clock of the history. */
  get nowMs(): number {
    return this.#time.nowMs;
  }

  get history(): readonly HistoryEvent[] {
    return this.#recorder.history;
  }

  get acknowledgedWrites(): number {
    return this.#recorder.acknowledgedWrites;
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
   * Sends no more requests. Settles when all are answered, or given up at the deadline, and the sessions are
   * closed.
   */
  async stop(deadlineMs: number): Promise<void> {
    const { clients } = this.#running;
    this.#running.stop();
    const giveUpAt = performance.now() + deadlineMs;
    while (clients.some(client => client.pending > 0) && performance.now() < giveUpAt) await sleep(POLL_MS);
    for (const client of clients) client.close();
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
