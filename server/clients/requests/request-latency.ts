import type { Summary } from '../../metrics/metrics.ts';
import type { Request } from '../../processors/request.ts';
import type { ZooKeeperServer } from '../../processors/zookeeper-server.ts';
import type { ConnectionStats } from '../connection-stats.ts';
import { isShort } from './request-scheduling.ts';

/** Few enough that the end of a turn is noticed in time: the first check of an ACL may take a while. */
const READS_MEASURED_TOGETHER = 16;

/** The connection, as the latency of its requests is counted. */
export interface MeasuredClient {
  /** Monotonic ms at which the bytes that are being taken came. */
  readonly arrivedMs: number;
  readonly stats: ConnectionStats;
}

/** Records how long the requests of one session took: for its connection, and for the server. */
export class RequestLatency {
  readonly #connection: MeasuredClient;
  readonly #server: ZooKeeperServer;
  /** Reads answered whose latency is not yet recorded. */
  #readsAnswered = 0;

  constructor(connection: MeasuredClient, server: ZooKeeperServer) {
    this.#connection = connection;
    this.#server = server;
  }

  readAnswered(op: number): void {
    if (++this.#readsAnswered >= READS_MEASURED_TOGETHER || !isShort(op)) this.recordReads();
  }

  /**
   * Records the latency of the reads that were answered since the last call. Their replies leave together, so
   * one clock reading serves them all; one for each would cost a tenth of a read.
   */
  recordReads(): void {
    const count = this.#readsAnswered;
    if (count === 0) return;
    this.#readsAnswered = 0;
    this.#record(this.#connection.arrivedMs, this.#server.readLatency, count);
  }

  /** A read that took several turns was answered. */
  longReadAnswered(arrivedMs: number): void {
    this.#record(arrivedMs, this.#server.readLatency, 1);
  }

  /** Upstream counts a sync, which has no transaction, among the reads. */
  completed(request: Request, hasTransaction: boolean): void {
    const { readLatency, updateLatency } = this.#server;
    this.#record(request.arrivedMs, hasTransaction ? updateLatency : readLatency, 1);
  }

  /** Records the latency of `count` requests that were answered together. */
  #record(arrivedMs: number, kind: Summary, count: number): void {
    const { clock, stats, turns } = this.#server.parts;
    const nowMs = clock.monotonicMs();
    turns.budget.saw(nowMs);
    const latencyMs = nowMs - arrivedMs;
    stats.addLatency(latencyMs, count);
    kind.add(latencyMs, count);
    this.#connection.stats.addLatency(latencyMs, count);
    this.#connection.stats.lastResponseMs = nowMs;
  }
}
