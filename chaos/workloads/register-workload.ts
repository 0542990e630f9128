import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../server/runtime/logger.ts';
import { nodeRuntime } from '../../server/runtime/node-runtime.ts';
import type { Address } from '../../server/runtime/runtime.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { HistoryEvent } from '../checkers/history.ts';
import { Load } from '../simulation/load.ts';
import { Recorder } from '../simulation/recorder.ts';
import { SimClient } from '../simulation/sim-client.ts';

export interface RegisterWorkloadOptions {
  /** Client ports of all members: each client moves on to the next one when its server goes. */
  readonly servers: readonly Address[];
  readonly seed: string;
  /** @default 4 */
  readonly clients?: number;
  /** @default 24 */
  readonly paths?: number;
  /** @default 5000 */
  readonly sessionTimeoutMs?: number;
}

const PIPELINE_DEPTH = 16;
const THINK_MS = [0.5, 4] as const;
const READ_SHARE = 0.3;
const POLL_MS = 10;

/**
 * Registers under write load from this process, on real servers: the same clients, load and history as in a
 * simulation, so the same checkers judge it. Values are unique, versions count what was written.
 */
export class RegisterWorkload {
  readonly paths: readonly string[];
  /** A server that broke the protocol, as each client saw it. */
  readonly violations: string[] = [];
  readonly #recorder: Recorder;
  readonly #clients: SimClient[] = [];
  readonly #loads: Load[] = [];

  constructor(options: RegisterWorkloadOptions) {
    const { servers, seed, clients = 4, paths = 24, sessionTimeoutMs = 5_000 } = options;
    const { clock, network } = nodeRuntime({ logger: silentLogger });
    const startMs = clock.monotonicMs();
    const time = {
      get nowMs() {
        return clock.monotonicMs() - startMs;
      },
    };
    this.#recorder = new Recorder({ time, note: () => {} });
    this.paths = Array.from({ length: paths }, (_, at) => `/register${at}`);
    const random = new SeededRandom(seed);
    for (let process = 1; process <= clients; process++) {
      const client = new SimClient({
        process,
        clock,
        network,
        servers,
        recorder: this.#recorder,
        sessionTimeoutMs,
        note: () => {},
        onViolation: what => this.violations.push(`client ${process}: ${what}`),
      });
      this.#clients.push(client);
      this.#loads.push(
        new Load({
          client,
          clock,
          random: random.fork(`load ${process}`),
          paths: this.paths,
          pipelineDepth: PIPELINE_DEPTH,
          thinkMs: THINK_MS,
          readShare: READ_SHARE,
          signature: `p${process}`,
        }),
      );
    }
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

  /** No more requests; settles when all are answered, or are given up at the deadline, and the sessions are closed. */
  async stop(deadlineMs: number): Promise<void> {
    for (const load of this.#loads) load.stop();
    const giveUpAt = performance.now() + deadlineMs;
    while (this.#clients.some(client => client.pending > 0) && performance.now() < giveUpAt)
      await sleep(POLL_MS);
    for (const client of this.#clients) client.close();
  }
}
