import type { AclDecisions } from '../auth/acl-decisions.ts';
import { LongMap } from '../collections/long-map.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ServerError } from '../errors.ts';
import type { QuorumSource } from '../membership/joint-quorum.ts';
import type { Guard } from '../metrics/guard.ts';
import type { Metrics, Summary } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { ServerStats } from '../metrics/server-stats.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import type { DataTree, TxnResult } from '../tree/data-tree.ts';
import { watchLimits } from '../tree/watch-memory.ts';
import { Units } from '../turns/turn-budget.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody, TxnHeader } from '../wire/txn.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { CrowdEvents } from './crowd-events.ts';
import { EventLine } from './event-line.ts';
import { FinalRequestProcessor } from './final-request-processor.ts';
import { ReplyWriter } from './reply-writer.ts';
import type { Request } from './request.ts';
import { Hold, type ServerCnxn } from './server-cnxn.ts';
import { unitsToApply } from './units-to-apply.ts';

/** What a server of any role is made of. */
export interface ServerParts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly database: ZkDatabase;
  /** Who may do what, and by which schemes clients say who they are. */
  readonly access: AclDecisions;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
  readonly stats: ServerStats;
  readonly logger: Logger;
  readonly guard: Guard;
  /** Divides the turns of the loop among those who have much to do. */
  readonly turns: TurnQueue;
  readonly heapBytesMax: number;
  /** The server cannot keep its promises any more (a failed write or sync): it must stop. */
  readonly onFatal: (error: ServerError) => void;
  /** In an ensemble: a reconfiguration, which only a leader of Apache's makes, was applied. */
  readonly onReconfig?: () => void;
}

/** Of a connection that is gone, those that are forgotten at once: some milliseconds of work. */
const WATCHES_PER_TURN_MAX = 2_000;

const SETTLED_PER_TURN_MAX = 4_000;

/** As `srvr` and `mntr` name it. */
export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer';

/**
 * One server while it serves: client connections, their sessions, reads. Writes go the way of the role:
 * `LeaderZooKeeperServer` proposes, `LearnerZooKeeperServer` forwards. It is made when a role begins to serve
 * and dropped when the role ends; the database outlives it.
 */
export abstract class ZooKeeperServer {
  abstract readonly mode: ServerMode;
  readonly parts: ServerParts;
  readonly final: FinalRequestProcessor;
  readonly replies = new ReplyWriter();
  readonly events: EventLine;
  readonly crowd: CrowdEvents;
  /** Of this server's own clients, ms from a request to its answer. */
  readonly readLatency: Summary;
  readonly updateLatency: Summary;
  readonly #propagationLatency: Summary;
  readonly #connections = new Set<ServerCnxn>();
  readonly #bySession = new LongMap<ServerCnxn>();
  readonly #paused = new Set<ServerCnxn>();
  readonly #roomless = new Set<ServerCnxn>();
  /** Whoever forwards requests to this server is told that it takes some again. */
  onRoom: (() => void) | null = null;
  /** Watches that fired for clients of this server. */
  eventsFired = 0;
  #isSettling = false;
  #inProcess = 0;
  readonly #membership: QuorumSource;

  constructor(parts: ServerParts, membership: QuorumSource) {
    this.parts = parts;
    this.events = new EventLine(parts);
    this.crowd = new CrowdEvents(parts, this.events);
    parts.database.tree.tellCrowdsThrough(this.crowd);
    this.readLatency = parts.metrics.summary('readlatency');
    this.updateLatency = parts.metrics.summary('updatelatency');
    this.#propagationLatency = parts.metrics.summary('propagation_latency');
    this.#membership = membership;
    this.final = new FinalRequestProcessor(
      () => parts.database.tree,
      parts.access,
      parts.config,
      watchLimits(parts.heapBytesMax),
    );
  }

  /**
   * What a client hears of its requests that were under way in the server before this one: they may have been
   * carried out.
   */
  get codeOfAbandoned(): number {
    return ErrorCode.CONNECTIONLOSS;
  }

  /** Asks for a new global session. `ServerCnxn.established` or `refused` answers. */
  abstract openSession(connection: ServerCnxn, timeoutMs: number): void;
  /** Asks whether a session of some server is still alive, and makes this server its owner. */
  abstract renewSession(connection: ServerCnxn, sessionId: bigint, timeoutMs: number): void;
  /** A write of a local client, valid in form. */
  abstract submit(request: Request): void;
  abstract sync(request: Request): void;
  abstract touch(connection: ServerCnxn): void;
  /** Global sessions known here, for `mntr`. */
  abstract get globalSessions(): number;
  /**
   * False: requests that are under way take all the memory that they may. Whoever has another waits, with
   * `waitForRoom`.
   */
  abstract get hasRoom(): boolean;

  get connections(): ReadonlySet<ServerCnxn> {
    return this.#connections;
  }

  /** As clients are told it. One that has seen no more than this loses nothing by coming here. */
  get lastProcessedZxid(): number {
    return this.parts.database.lastProcessedZxid;
  }

  /** Requests that wait for their transaction. */
  get outstanding(): number {
    return this.#inProcess;
  }

  addConnection(connection: ServerCnxn): void {
    this.#connections.add(connection);
  }

  removeConnection(connection: ServerCnxn): void {
    this.letGo(connection);
    this.#forgetWatches(connection, this.parts.database.tree);
  }

  /** Another server takes the connection, whose watches stay where they are. */
  letGo(connection: ServerCnxn): void {
    this.#connections.delete(connection);
    this.crowd.forget(connection);
    this.#paused.delete(connection);
    this.#roomless.delete(connection);
    const { sessionHigh, sessionLow } = connection;
    if (this.connectionOf(sessionHigh, sessionLow) === connection)
      this.#bySession.delete(sessionHigh, sessionLow);
  }

  /** What is left for later turns may still fire: a closed connection takes no events. */
  #forgetWatches(connection: ServerCnxn, tree: DataTree): void {
    const all = [tree.dataWatches, tree.childWatches].every(watches =>
      watches.removeWatcher(connection, WATCHES_PER_TURN_MAX),
    );
    if (!all) this.parts.clock.inNextTurn(() => this.#forgetWatches(connection, tree));
  }

  /** From now on transactions of this session are answered here. An older connection of it is closed. */
  bindSession(connection: ServerCnxn): void {
    const { sessionHigh, sessionLow } = connection;
    const older = this.#bySession.get(sessionHigh, sessionLow);
    this.#bySession.set(sessionHigh, sessionLow, connection);
    if (older !== undefined && older !== connection)
      older.close('the session came back on another connection');
  }

  connectionOf(high: number, low: number): ServerCnxn | undefined {
    return this.#bySession.get(high, low);
  }

  /** Counts a request in; above the limit its connection is not read from until others are answered. */
  requestStarted(connection: ServerCnxn): void {
    this.#inProcess++;
    if (this.#inProcess > this.#inProcessMax && !this.#paused.has(connection)) {
      this.#paused.add(connection);
      connection.hold(Hold.requests);
    }
  }

  /** Each server has its share of what the leader may have under way. @see LeaderZooKeeperServer */
  get #inProcessMax(): number {
    const followers = this.#membership.quorum.committed.voters.size - 1;
    return Math.max(1, Math.floor(this.parts.config.globalOutstandingLimit / Math.max(1, followers)));
  }

  requestEnded(): void {
    this.#inProcess--;
    if (this.#paused.size > 0 && this.#inProcess <= this.#inProcessMax / 2) {
      for (const connection of this.#paused) connection.release(Hold.requests);
      this.#paused.clear();
    }
  }

  /** Holds a connection until this server has room for what it asks for. */
  waitForRoom(connection: ServerCnxn): void {
    this.#roomless.add(connection);
    connection.hold(Hold.room);
  }

  /**
   * A connection has left `count` requests under way, of so many bytes. Whoever keeps them counts them
   * himself.
   */
  leftBehind(_sessionHigh: number, _sessionLow: number, _count: number, _bytes: number): void {}

  /** It has gone away meanwhile. */
  waitsNoMore(connection: ServerCnxn): void {
    this.#roomless.delete(connection);
  }

  /** There is room again. */
  protected madeRoom(): void {
    const waiting = [...this.#roomless];
    this.#roomless.clear();
    for (const connection of waiting) connection.release(Hold.room);
    this.onRoom?.();
  }

  /** Applies a committed transaction and tells whoever waits for it. `digestAt`: see `ParsedTxn`. */
  protected applyTxn(
    packet: TxnPacket,
    header: TxnHeader,
    body: TxnBody,
    request: Request | null,
    digestAt?: number,
  ): void {
    const { database, turns } = this.parts;
    const nodesBefore = database.tree.nodeCount;
    const firedBefore = this.eventsFired;
    const result = database.apply(packet, header, body, digestAt);
    // What goes with a session need not be in its transaction.
    const items = this.eventsFired - firedBefore + Math.max(0, nodesBefore - database.tree.nodeCount);
    turns.applying.spend(unitsToApply(packet.bytes.length, body) + items * Units.item);
    this.sinceProposed(header, this.#propagationLatency);
    this.onApplied(header, body);
    this.answer(header, result, request);
    if (!database.tree.watchesAreSettled) this.#settleWatches(database.tree);
    if (header.type === OpCode.closeSession) {
      const connection = this.#bySession.get(header.clientHigh, header.clientLow);
      if (connection !== undefined && request?.origin !== connection) connection.close('the session expired');
    }
  }

  /** Of watches that were spent together, those that are not forgotten yet: a turn's work at a time. */
  #settleWatches(tree: DataTree): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.parts.clock.inNextTurn(() => {
      this.#isSettling = false;
      this.parts.turns.applying.spend(SETTLED_PER_TURN_MAX * Units.item);
      if (!tree.settleWatches(SETTLED_PER_TURN_MAX)) this.#settleWatches(tree);
    });
  }

  /** By the clocks of two machines: no less than nothing is counted. */
  protected sinceProposed(header: TxnHeader, latency: Summary): void {
    const ms = this.parts.clock.wallMs() - header.time;
    if (ms >= 0) latency.add(ms);
  }

  /** Hook for the session table of the role. */
  protected abstract onApplied(header: TxnHeader, body: TxnBody): void;

  protected answer(header: TxnHeader, result: TxnResult, request: Request | null): void {
    if (request?.origin == null) return;
    request.header = header;
    request.origin.complete(request, result);
  }

  /** Ends the role: client connections that are still here are closed; requests under way are forgotten. */
  shutdown(reason: string): void {
    for (const connection of [...this.#connections]) connection.close(reason);
    // Those who have not been greeted hear that nobody serves.
    this.onRoom = null;
    this.madeRoom();
  }
}
