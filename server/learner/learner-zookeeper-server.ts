import { Fifo } from '../collections/fifo.ts';
import { highOf, LongMap, lowOf } from '../collections/long-map.ts';
import type { QuorumSource } from '../membership/joint-quorum.ts';
import type { Counter, Summary } from '../metrics/metrics.ts';
import { ownRequest, type Request } from '../processors/request.ts';
import type { ServerCnxn } from '../processors/server-cnxn.ts';
import { type ServerMode, type ServerParts, ZooKeeperServer } from '../processors/zookeeper-server.ts';
import type { SessionIds } from '../sessions/session-ids.ts';
import { parseTxnPacket } from '../storage/parse-txn.ts';
import type { Id } from '../wire/acl.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnHeader } from '../wire/txn.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { CommittedLine } from './committed-line.ts';
import { RelayedRequests } from './relayed-requests.ts';

/** The connection to the leader, or to an observer master. */
export interface MasterLink {
  request(
    sessionHigh: number,
    sessionLow: number,
    cxid: number,
    op: number,
    bytes: Buffer,
    start: number,
    end: number,
    ids: readonly Id[],
  ): void;
  revalidate(sessionId: bigint, timeoutMs: number): void;
  /** False while the master does not read what it was sent: `linkDrained` follows. */
  readonly hasRoom: boolean;
  /** Stops reading from the master, until `resume`. */
  pause(): void;
  resume(): void;
}

/**
 * Called with the leader's answer to a sync. The leader answers syncs and revalidations in the order of the
 * questions; some of them come from observers behind this server.
 */
type SyncWaiter = () => void;
type RevalidateWaiter = { sessionId: bigint; timeoutMs: number; answer: (valid: boolean) => void };

/**
 * Bytes kept at the leader for requests that no client connection of this learner stands for. @see
 * RelayedRequests
 */
export const RELAYED_BYTES_MAX = 32 * 1024 * 1024;
/** Syncs and returning sessions that may wait for an answer of the leader. */
export const QUESTIONS_MAX = 10_000;

/** A session that showed life. */
interface Touched {
  readonly id: bigint;
  timeoutMs: number;
}

/**
 * The server of a follower or observer. It answers reads itself. It sends writes to the leader as REQUEST,
 * and answers them when their transaction comes back committed. @see FollowerZooKeeperServer;
 * ObserverZooKeeperServer
 */
export class LearnerZooKeeperServer extends ZooKeeperServer {
  readonly mode: ServerMode;
  readonly #epochStart: number;
  readonly #link: MasterLink;
  readonly #sessionIds: SessionIds;
  readonly #proposalLatency: Summary;
  readonly #commitPropagationLatency: Summary;
  readonly #txnsCommitted: Counter;
  readonly #syncs = new Fifo<SyncWaiter>();
  readonly #revalidations = new Fifo<RevalidateWaiter>();
  /** Sessions touched since the last ping. The next ping reports them to the leader. */
  #touched = new LongMap<Touched>();
  /** Sessions being opened here. Their transactions are matched by session, not by cxid. */
  readonly #opening = new LongMap<Request>();
  readonly #committed: CommittedLine;
  readonly #relayed = new RelayedRequests(RELAYED_BYTES_MAX, () => this.madeRoom());
  #hasAskedEnough = false;
  #isDraining = false;
  readonly #answerSync = () => {
    this.#syncs.shift()?.();
    this.#asksOn();
  };
  /** Called with each transaction after it is applied. */
  onRelayed: ((packet: TxnPacket) => void) | null = null;

  constructor(
    parts: ServerParts,
    role: {
      mode: 'follower' | 'observer';
      epoch: number;
      sessionIds: SessionIds;
      link: MasterLink;
      membership: QuorumSource;
    },
  ) {
    super(parts, role.membership);
    this.mode = role.mode;
    this.#epochStart = makeZxid(role.epoch, 0);
    this.#link = role.link;
    this.#sessionIds = role.sessionIds;
    this.#proposalLatency = parts.metrics.summary('proposal_latency');
    this.#commitPropagationLatency = parts.metrics.summary('commit_propagation_latency');
    this.#txnsCommitted = parts.metrics.counter('txn_committed_count');
    this.#committed = new CommittedLine(parts, {
      apply: packet => this.#apply(packet),
      mayApply: () => !this.crowd.isFull,
      onFull: () => role.link.pause(),
      onRelaxed: () => role.link.resume(),
    });
  }

  get globalSessions(): number {
    return this.parts.database.sessionTimeouts.size;
  }

  /**
   * Includes the start of the epoch. It is no transaction, but the leader shows it to its clients; upstream's
   * learners turn those clients away until something is written.
   */
  override get lastProcessedZxid(): number {
    return Math.max(super.lastProcessedZxid, this.#epochStart);
  }

  get hasRoom(): boolean {
    return !this.#isDraining && this.#link.hasRoom && !this.#relayed.isFull && !this.#hasAskedEnough;
  }

  /** The master reads what it is sent again. */
  linkDrained(): void {
    this.madeRoom();
  }

  /** Counts the requests of a client that has left, because the leader still keeps them. */
  override leftBehind(sessionHigh: number, sessionLow: number, count: number, bytes: number): void {
    this.#relayed.passedOn(sessionHigh, sessionLow, bytes, count);
  }

  get relayedBytes(): number {
    return this.#relayed.bytes;
  }

  #asked(): void {
    if (this.#syncs.length + this.#revalidations.length >= QUESTIONS_MAX) this.#hasAskedEnough = true;
  }

  #asksOn(): void {
    if (!this.#hasAskedEnough || this.#syncs.length + this.#revalidations.length > QUESTIONS_MAX / 2) return;
    this.#hasAskedEnough = false;
    this.madeRoom();
  }

  protected openGlobalSession(connection: ServerCnxn, timeoutMs: number): void {
    const request = connection.sessionRequest(OpCode.createSession, this.#sessionIds.next(), timeoutMs);
    this.#opening.set(request.sessionHigh, request.sessionLow, request);
    this.relay(request, request.end - request.start);
  }

  protected submitGlobalSession(request: Request): void {
    this.relay(request, request.end - request.start);
  }

  /**
   * A commit is matched to a request by session and cxid, and some clients start their cxids again on each
   * connection. The leader's answer to a sync comes after all of them.
   */
  protected override afterWritesOf(sessionHigh: number, sessionLow: number, run: () => void): void {
    if (!this.#relayed.awaits(sessionHigh, sessionLow)) {
      run();
      return;
    }
    this.#syncBehind(sessionHigh, sessionLow, run);
  }

  #syncBehind(sessionHigh: number, sessionLow: number, run: () => void): void {
    const nowMs = this.parts.clock.monotonicMs();
    this.syncFor(ownRequest(OpCode.sync, { sessionHigh, sessionLow }, SYNC_BODY, this, nowMs), run);
  }

  /**
   * Upstream's leader answers at once. A write that another member has sent for this session may still be
   * under way there, and its commit would be taken for the answer to a later one. From the answer on the
   * leader refuses writes through that member, so those that it has taken are before the sync.
   */
  protected renewGlobalSession(connection: ServerCnxn, sessionId: bigint, timeoutMs: number): void {
    let isValid = false;
    this.revalidate(sessionId, timeoutMs, valid => {
      isValid = valid;
      if (!valid && this.connections.has(connection)) connection.refused();
    });
    this.#syncBehind(highOf(sessionId), lowOf(sessionId), () => {
      if (!isValid || !this.connections.has(connection)) return;
      // It may have expired since that answer.
      if (this.parts.database.sessionTimeouts.has(sessionId)) connection.established(sessionId, timeoutMs);
      else connection.refused();
    });
  }

  revalidate(sessionId: bigint, timeoutMs: number, answer: (valid: boolean) => void): void {
    this.#revalidations.push({ sessionId, timeoutMs, answer });
    this.#asked();
    this.#link.revalidate(sessionId, timeoutMs);
  }

  /** Takes the leader's answer, which comes after the commits of what was outstanding. */
  revalidated(sessionId: bigint, valid: boolean): void {
    this.#committed.behind(() => this.#answerRevalidation(sessionId, valid));
  }

  /** Answers come in the order of the questions, and so do those to observers behind this server. */
  #answerRevalidation(sessionId: bigint, valid: boolean): void {
    this.#takeRevalidation(sessionId, valid);
    this.#asksOn();
  }

  #takeRevalidation(sessionId: bigint, valid: boolean): void {
    for (;;) {
      const head = this.#revalidations.shift();
      if (head === undefined) return;
      if (head.sessionId !== sessionId) {
        head.answer(false);
        continue;
      }
      head.answer(valid);
      return;
    }
  }

  protected touchGlobalSession(connection: ServerCnxn): void {
    this.touchSession(
      connection.sessionHigh,
      connection.sessionLow,
      connection.sessionId,
      connection.timeoutMs,
    );
  }

  touchSession(high: number, low: number, id: bigint, timeoutMs: number): void {
    const touched = this.#touched.get(high, low);
    if (touched === undefined) this.#touched.set(high, low, { id, timeoutMs });
    else touched.timeoutMs = timeoutMs;
  }

  /** Sessions touched since the last call. */
  takeTouched(): Iterable<{ id: bigint; timeoutMs: number }> {
    const touched = this.#touched;
    this.#touched = new LongMap();
    return touched.values();
  }

  sync(request: Request): void {
    this.#syncs.push(() => request.origin?.complete(request, null));
    this.#asked();
    this.forward(request);
  }

  /** Forwards a sync that no client connection here stands for: it takes its place among those of clients. */
  syncFor(request: Request, done: () => void): void {
    this.#syncs.push(done);
    this.#asked();
    this.forward(request);
  }

  /**
   * Forwards a request that no client connection here stands for, and counts it until it is answered.
   * `bytes`: size of the whole REQUEST, including identities.
   */
  relay(request: Request, bytes: number): void {
    this.#relayed.passedOn(request.sessionHigh, request.sessionLow, bytes);
    this.forward(request);
  }

  /** The leader's SYNC answers the oldest question, once everything committed before it is applied. */
  synced(): void {
    this.#committed.behind(this.#answerSync);
  }

  /**
   * Takes no more writes, and calls `done` when the master has answered those under way, which is when it
   * answers a sync. If this server stops first, `done` is never called.
   */
  drain(done: () => void): void {
    this.#isDraining = true;
    this.#syncBehind(0, 0, done);
  }

  submit(request: Request): void {
    this.forward(request);
  }

  forward(request: Request): void {
    this.#link.request(
      request.sessionHigh,
      request.sessionLow,
      request.cxid,
      request.op,
      request.bytes,
      request.start,
      request.end,
      request.identities(),
    );
  }

  /** A proposal has come (followers only). */
  proposed(packet: TxnPacket): void {
    this.sinceProposed(parseTxnPacket(packet).header, this.#proposalLatency);
  }

  /**
   * Applies a committed transaction and answers the local client that asked for it, in this turn or in a
   * later one.
   */
  commit(packet: TxnPacket): void {
    this.sinceProposed(parseTxnPacket(packet).header, this.#commitPropagationLatency);
    this.#committed.commit(packet);
  }

  #apply(packet: TxnPacket): void {
    const { header, body, digestAt } = parseTxnPacket(packet);
    const request = this.#requestOf(header);
    this.applyTxn(packet, header, body, request, digestAt);
    const { clientHigh, clientLow, type } = header;
    if (type === OpCode.closeSession) this.#relayed.ended(clientHigh, clientLow);
    else if (request === null || type === OpCode.createSession) this.#relayed.answered(clientHigh, clientLow);
    this.onRelayed?.(packet);
    this.#txnsCommitted.add();
  }

  /** Commits wait until `releaseCommits`. */
  holdCommits(): void {
    this.#committed.hold();
  }

  releaseCommits(): void {
    this.#committed.release();
  }

  /**
   * Calls `run` once everything committed before is applied. If this server stops first, `run` is never
   * called.
   */
  whenApplied(run: () => void): void {
    this.#committed.behind(run);
  }

  #requestOf(header: TxnHeader): Request | null {
    const high = header.clientHigh;
    const low = header.clientLow;
    if (header.type === OpCode.createSession) {
      const request = this.#opening.get(high, low) ?? null;
      if (request !== null) this.#opening.delete(high, low);
      return request;
    }
    return this.connectionOf(high, low)?.headWrite(header.cxid) ?? null;
  }

  /** The leader tracks the sessions of learners, so this server keeps only the table in the database. */
  protected onApplied(header: TxnHeader): void {
    if (header.type === OpCode.reconfig) this.parts.onReconfig?.();
  }

  stop(reason: string): void {
    this.shutdown(reason);
    this.#committed.stop();
    this.#syncs.clear();
    this.#revalidations.clear();
  }
}

const SYNC_BODY = new JuteWriter(8).writeString('/').toBuffer();
