import type { ClientConnection } from '../clients/client-connection.ts';
import type { ClientPort } from '../clients/client-port.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { Follower } from '../learner/follower.ts';
import { Leader } from '../master/leader/leader.ts';
import { LeaderZooKeeperServer } from '../master/leader/leader-zookeeper-server.ts';
import type { LearnerHandler } from '../master/learners/learner-handler.ts';
import type { QuorumServer } from '../membership/quorum-server.ts';
import { Double } from '../metrics/double.ts';
import type { Guard } from '../metrics/guard.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerStats } from '../metrics/server-stats.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import type { QuorumPeer } from '../quorum/quorum-peer.ts';
import type { Address, Clock, Disk, Runtime } from '../runtime/runtime.ts';
import type { LocalSessions } from '../sessions/local-sessions.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { atMost, PAUSE, type Pause, type Slow } from '../turns/live.ts';
import { FULL_VERSION } from '../version.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { directoryBytes, newestSnapshot } from './directory-looks.ts';

const NO_SERVERS: ReadonlyMap<number, QuorumServer> = new Map();
const NO_SIZES = { last: -1, min: -1, max: -1 };

/** Upstream's default (ZooTrace): client requests, client data pings, events and sessions. */
const DEFAULT_TRACE_MASK = 306n;

/**
 * What four-letter words, AdminServer and the simulation show of a server. It only reads. `serving`, `peer`,
 * `port` and `localSessions` are set when the server starts and when its role changes.
 */
export class ServerView {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly database: ZkDatabase;
  readonly metrics: Metrics;
  readonly stats: ServerStats;
  readonly startedMs: number;
  /** `gtmk` and `stmk`: kept for the tools that set it. Nothing is traced. */
  traceMask = DEFAULT_TRACE_MASK;
  readonly guard: Guard;
  readonly #runtime: Pick<Runtime, 'environment' | 'descriptors'>;
  readonly #disk: Disk;
  serving: ZooKeeperServer | null = null;
  peer: QuorumPeer | null = null;
  port: ClientPort | null = null;
  localSessions: LocalSessions | null = null;

  constructor(parts: {
    config: ServerConfig;
    runtime: Pick<Runtime, 'clock' | 'disk' | 'environment' | 'descriptors'>;
    database: ZkDatabase;
    metrics: Metrics;
    stats: ServerStats;
    guard: Guard;
  }) {
    this.guard = parts.guard;
    this.#runtime = parts.runtime;
    this.config = parts.config;
    this.clock = parts.runtime.clock;
    this.#disk = parts.runtime.disk;
    this.database = parts.database;
    this.metrics = parts.metrics;
    this.stats = parts.stats;
    this.startedMs = this.clock.monotonicMs();
    this.#registerGauges();
  }

  /** Servers of the committed configuration; empty on a standalone server. */
  get servers(): ReadonlyMap<number, QuorumServer> {
    return this.peer?.membership.committed.servers ?? NO_SERVERS;
  }

  /** The server's own line; undefined when the server has left the configuration. */
  get ownServer(): QuorumServer | undefined {
    const { quorum } = this.config;
    return quorum === undefined ? undefined : this.servers.get(quorum.sid);
  }

  /** Where clients connect; undefined for a server without a client port. */
  get clientAddress(): Address | undefined {
    return this.port?.address ?? undefined;
  }

  get zxid(): string {
    return zxidToHex(this.database.lastProcessedZxid);
  }

  get leader(): Leader | null {
    const role = this.peer?.role;
    return role instanceof Leader ? role : null;
  }

  /** The server of the current role, with or without clients: a leader takes none if `leaderServes=no`. */
  get active(): ZooKeeperServer | null {
    return this.serving ?? this.leader?.server ?? null;
  }

  get leaderServer(): LeaderZooKeeperServer | null {
    const { active } = this;
    return active instanceof LeaderZooKeeperServer ? active : null;
  }

  /** Learners of this server, which is the leader or an observer master. */
  get learners(): LearnerHandler[] {
    const role = this.peer?.role;
    if (role instanceof Leader) return [...role.handlers];
    if (role instanceof Follower) return [...(role.observerMaster?.handlers ?? [])];
    return [];
  }

  /**
   * The sid of the master from which an observer hears commits; undefined without a master, and on any other
   * member.
   */
  get observerMasterId(): number | undefined {
    return this.peer?.role?.name === 'observer' ? (this.peer.learner?.masterSid ?? undefined) : undefined;
  }

  get environment(): ReadonlyMap<string, string> {
    return new Map([['zookeeper.version', FULL_VERSION], ...this.#runtime.environment()]);
  }

  /**
   * All clients, also those without a session, each in its state at the moment when the iteration reaches it.
   */
  connections(): Iterable<ClientConnection> {
    return this.port === null ? [] : atMost(this.port.connectionCount, this.port.connections);
  }

  lastSnapshot(): ReturnType<typeof newestSnapshot> {
    return newestSnapshot(this.#disk, this.database.snapDirectory);
  }

  /** `crst`. */
  *resetConnections(): Generator<Pause> {
    for (const { stats } of this.connections()) {
      stats.reset();
      yield PAUSE;
    }
  }

  /** `srst`. Metrics start again too, as upstream's do. */
  resetStats(): void {
    this.stats.reset();
    this.metrics.reset();
    const sizes = this.leaderServer?.proposalSizes;
    if (sizes !== undefined) Object.assign(sizes, NO_SIZES);
  }

  dataDirectoryBytes(): Slow<number> {
    return directoryBytes(this.#disk, this.database.snapDirectory);
  }

  logDirectoryBytes(): Slow<number> {
    return directoryBytes(this.#disk, this.database.logDirectory);
  }

  #registerGauges(): void {
    const { metrics, stats } = this;
    const gauge = (name: string, read: () => number | Double) => metrics.gauge(name, read);
    gauge('avg_latency', () => new Double(stats.latencyAvgMs));
    gauge('max_latency', () => Math.round(stats.latencyMaxMs));
    gauge('min_latency', () => Math.round(stats.latencyMinMs));
    gauge('packets_received', () => stats.packetsReceived);
    gauge('packets_sent', () => stats.packetsSent);
    gauge('bytes_received_count', () => stats.bytesReceived);
    gauge('response_bytes', () => stats.responseBytes);
    gauge('watch_bytes', () => stats.watchBytes);
    gauge('num_alive_connections', () => this.port?.connectionCount ?? 0);
    gauge('outstanding_requests', () => this.active?.outstanding ?? 0);
    // This count depends on no clock: whatever happened between two readings took at most this many turns.
    gauge('event_loop_turns', () => this.clock.turns);
    // Counts one for each connection with output in a turn. These are the writes to sockets, which cost most
    // of the CPU.
    gauge('output_flushes', () => this.clock.flushes);
    gauge('uptime', () => Math.round(this.clock.monotonicMs() - this.startedMs));
    gauge('znode_count', () => this.database.tree.nodeCount);
    gauge(
      'watch_count',
      () => this.database.tree.dataWatches.watchCount + this.database.tree.childWatches.watchCount,
    );
    gauge('watch_memory_bytes', () => this.database.tree.watchMemory.bytes);
    gauge('outstanding_proposal_bytes', () => this.leaderServer?.outstandingBytes ?? 0);
    gauge('ephemerals_count', () => this.database.tree.ephemeralsCount);
    gauge('approximate_data_size', () => this.database.tree.approximateDataSize);
    gauge('open_file_descriptor_count', () => this.#runtime.descriptors().open);
    gauge('max_file_descriptor_count', () => this.#runtime.descriptors().max);
    // Connections are refused only by limits, never at random.
    gauge('connection_drop_probability', () => new Double(0));
    gauge('global_sessions', () => this.active?.globalSessions ?? 0);
    gauge('last_processed_zxid', () => this.database.lastProcessedZxid);
    gauge('read_only_ms', () => Math.round(this.peer?.readOnlyAgeMs ?? 0));
    gauge('local_sessions', () => this.localSessions?.size ?? 0);
    gauge('last_client_response_size', () => stats.responseSizes.last);
    gauge('max_client_response_size', () => stats.responseSizes.max);
    gauge('min_client_response_size', () => stats.responseSizes.min);
  }
}
