import type { AclDecisions } from '../auth/acl-decisions.ts';
import { highOf, LongMap, lowOf } from '../collections/long-map.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ServerError } from '../errors.ts';
import type { QuorumSource } from '../membership/joint-quorum.ts';
import type { Guard } from '../metrics/guard.ts';
import type { Metrics, Summary } from '../metrics/metrics.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { ServerStats } from '../metrics/server-stats.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Clock } from '../runtime/runtime.ts';
import type { LocalSessions } from '../sessions/local-sessions.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { TxnResult } from '../tree/txn-result.ts';
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
import { ownRequest, type Request } from './request.ts';
import { Hold, type ServerCnxn } from './server-cnxn.ts';
import { unitsToApply } from './units-to-apply.ts';

/** The parts that a server of any role is made of. */
export interface ServerParts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly database: ZkDatabase;
  /** The rules for permissions, and the schemes by which clients authenticate. */
  readonly access: AclDecisions;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
  readonly stats: ServerStats;
  readonly logger: Logger;
  readonly guard: Guard;
  /** Divides the turns of the loop among connections and tasks with much work. */
  readonly turns: TurnQueue;
  readonly heapBytesMax: number;
  /** Null unless local sessions are enabled on this member. */
  readonly localSessions: LocalSessions | null;
  /** The server cannot keep its guarantees any more (a write or sync failed) and must stop. */
  readonly onFatal: (error: ServerError) => void;
  /** Called on a learner after a reconfiguration was applied. */
  readonly onReconfig?: () => void;
}

/** Number of watches of a closed connection that are removed at once: a few milliseconds of work. */
const WATCHES_PER_TURN_MAX = 2_000;

const SETTLED_PER_TURN_MAX = 4_000;

/** The mode, as `srvr` and `mntr` name it. */
export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';

/**
 * A server while it serves: client connections, their sessions, and reads. The role decides what happens to
 * writes: `LeaderZooKeeperServer` proposes them, `LearnerZooKeeperServer` forwards them. It is made when a
 * role begins to serve and dropped when the role ends; the database outlives it.
 */
export abstract class ZooKeeperServer {
  abstract readonly mode: ServerMode;
  readonly parts: ServerParts;
  readonly final: FinalRequestProcessor;
  readonly replies = new ReplyWriter();
  readonly events: EventLine;
  readonly crowd: CrowdEvents;
  /** Latency of this server's own clients: ms from a request to its answer. */
  readonly readLatency: Summary;
  readonly updateLatency: Summary;
  readonly #propagationLatency: Summary;
  readonly #connections = new Set<ServerCnxn>();
  readonly #bySession = new LongMap<ServerCnxn>();
  readonly #paused = new Set<ServerCnxn>();
  readonly #roomless = new Set<ServerCnxn>();
  /** Called when this server accepts forwarded requests again. */
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

  /** It serves reads alone, and only clients for whom that is enough. */
  get isReadOnly(): boolean {
    return false;
  }

  /** Clients are served here from now on. */
  begin(): void {
    this.parts.database.tree.tellCrowdsThrough(this.crowd);
  }

  /**
   * The code that a client gets for its requests that were under way in the previous server. They may have
   * been carried out.
   */
  get codeOfAbandoned(): number {
    return ErrorCode.CONNECTIONLOSS;
  }

  /** Asks for a new global session. `ServerCnxn.established` or `refused` answers. */
  protected abstract openGlobalSession(connection: ServerCnxn, timeoutMs: number): void;
  /** Asks whether a session of some server is still alive, and makes this server its owner. */
  protected abstract renewGlobalSession(connection: ServerCnxn, sessionId: bigint, timeoutMs: number): void;
  protected abstract touchGlobalSession(connection: ServerCnxn): void;
  /** Asks for the transaction that makes a session of this server global. */
  protected abstract submitGlobalSession(request: Request): void;
  /** Submits a write of a local client, whose form is valid. */
  abstract submit(request: Request): void;
  abstract sync(request: Request): void;
  /** Global sessions known here, for `mntr`. */
  abstract get globalSessions(): number;
  /**
   * False when the requests under way use all the memory that they may. Callers with another request wait
   * with `waitForRoom`.
   */
  abstract get hasRoom(): boolean;

  /** A new session. `ServerCnxn.established` or `refused` answers. */
  openSession(connection: ServerCnxn, timeoutMs: number): void {
    const { localSessions } = this.parts;
    if (localSessions === null) this.openGlobalSession(connection, timeoutMs);
    else connection.established(localSessions.open(timeoutMs), timeoutMs);
  }

  /** A client comes back with its session. `ServerCnxn.established` or `refused` answers. */
  renewSession(connection: ServerCnxn, sessionId: bigint, timeoutMs: number): void {
    const high = highOf(sessionId);
    const low = lowOf(sessionId);
    const isLocal = this.parts.localSessions?.renew(high, low, timeoutMs) === true;
    const older = this.connectionOf(high, low);
    if (older !== connection) older?.close('the session came back on another connection');
    this.afterWritesOf(high, low, () => {
      if (!this.connections.has(connection)) return;
      if (!isLocal) this.renewGlobalSession(connection, sessionId, timeoutMs);
      else if (this.parts.localSessions!.has(high, low)) connection.established(sessionId, timeoutMs);
      else connection.refused();
    });
  }

  /**
   * Calls `run` once the answer to no write that an earlier connection of this session left behind can be
   * taken for an answer to a later one.
   */
  protected afterWritesOf(_sessionHigh: number, _sessionLow: number, run: () => void): void {
    run();
  }

  touch(connection: ServerCnxn): void {
    const { sessionHigh, sessionLow } = connection;
    if (this.parts.localSessions?.touch(sessionHigh, sessionLow) !== true)
      this.touchGlobalSession(connection);
  }

  hasLocalSession({ sessionHigh, sessionLow }: ServerCnxn): boolean {
    return this.parts.localSessions?.has(sessionHigh, sessionLow) === true;
  }

  /**
   * Makes a local session global, before its first ephemeral node. Everything that the client asks for next
   * follows the transaction, and the session is the leader's to expire from now on.
   */
  upgradeSession(connection: ServerCnxn): void {
    const { localSessions, clock } = this.parts;
    localSessions?.end(connection.sessionHigh, connection.sessionLow);
    const timeout = Buffer.alloc(4);
    timeout.writeInt32BE(connection.timeoutMs);
    const nowMs = clock.monotonicMs();
    this.submitGlobalSession(ownRequest(OpCode.createSession, connection, timeout, this, nowMs));
  }

  /** The client ends its local session. */
  endLocalSession({ sessionHigh, sessionLow }: ServerCnxn): void {
    this.parts.localSessions?.end(sessionHigh, sessionLow);
  }

  get connections(): ReadonlySet<ServerCnxn> {
    return this.#connections;
  }

  /** The zxid that clients are told. A client that has seen no later one loses nothing by connecting here. */
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
    this.crowd.forget(connection);
    this.#forgetWatches(connection, this.parts.database.tree);
  }

  /** Another server takes the connection over. Its watches stay where they are. */
  letGo(connection: ServerCnxn): void {
    this.#connections.delete(connection);
    this.#paused.delete(connection);
    this.#roomless.delete(connection);
    const { sessionHigh, sessionLow } = connection;
    if (this.connectionOf(sessionHigh, sessionLow) === connection)
      this.#bySession.delete(sessionHigh, sessionLow);
  }

  /** Watches that remain for later turns may still fire; a closed connection ignores events. */
  #forgetWatches(connection: ServerCnxn, tree: DataTree): void {
    const all = [tree.dataWatches, tree.childWatches].every(watches =>
      watches.removeWatcher(connection, WATCHES_PER_TURN_MAX),
    );
    if (!all) this.parts.clock.inNextTurn(() => this.#forgetWatches(connection, tree));
  }

  /**
   * Answers transactions of this session through `connection` from now on, and closes an older connection of
   * the session.
   */
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

  /** Counts a request. Above the limit its connection is held until others have been answered. */
  requestStarted(connection: ServerCnxn): void {
    this.#inProcess++;
    if (this.#inProcess > this.#inProcessMax && !this.#paused.has(connection)) {
      this.#paused.add(connection);
      connection.hold(Hold.requests);
    }
  }

  /** Each server has a share of the leader's limit on requests under way. @see LeaderZooKeeperServer */
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

  /** Holds a connection until this server has room for its request. */
  waitForRoom(connection: ServerCnxn): void {
    this.#roomless.add(connection);
    connection.hold(Hold.room);
  }

  /**
   * A closed connection has left `count` requests of this many bytes under way. A role that keeps them counts
   * them itself.
   */
  leftBehind(_sessionHigh: number, _sessionLow: number, _count: number, _bytes: number): void {}

  /** The connection closed while it waited. */
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

  /**
   * Applies a committed transaction and answers the client that waits for it. `digestAt`: see `ParsedTxn`.
   */
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
    // A transaction need not name the nodes that a session's end deletes.
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

  /** Removes the watches of closed connections, a turn's work at a time. */
  #settleWatches(tree: DataTree): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.parts.clock.inNextTurn(() => {
      this.#isSettling = false;
      this.parts.turns.applying.spend(SETTLED_PER_TURN_MAX * Units.item);
      if (!tree.settleWatches(SETTLED_PER_TURN_MAX)) this.#settleWatches(tree);
    });
  }

  /** The two times come from different machines, so a negative difference counts as 0. */
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

  /** Ends the role: closes the client connections that are still here and drops the requests under way. */
  shutdown(reason: string): void {
    for (const connection of [...this.#connections]) connection.close(reason);
    // Connections without a session learn that nobody serves.
    this.onRoom = null;
    this.madeRoom();
  }
}
