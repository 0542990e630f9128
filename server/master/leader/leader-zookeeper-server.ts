import { Fifo } from '../../collections/fifo.ts';
import type { JointQuorum, QuorumSource } from '../../membership/joint-quorum.ts';
import type { Summary } from '../../metrics/metrics.ts';
import { errorTxn, type MultiPreparation } from '../../processors/multi-preparation.ts';
import { PrepRequestProcessor } from '../../processors/prep-request-processor.ts';
import {
  isPending,
  type ReconfigOptions,
  type ReconfigPart,
  reconfigurationOf,
} from '../../processors/reconfiguration.ts';
import { ownRequest, type Request } from '../../processors/request.ts';
import type { ServerCnxn } from '../../processors/server-cnxn.ts';
import { SyncRequestProcessor } from '../../processors/sync-request-processor.ts';
import { type ServerMode, type ServerParts, ZooKeeperServer } from '../../processors/zookeeper-server.ts';
import { RatedLog } from '../../runtime/logging/rated-log.ts';
import type { SessionIds } from '../../sessions/session-ids.ts';
import type { SessionTracker, TrackedSession } from '../../sessions/session-tracker.ts';
import { Units } from '../../turns/turn-budget.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteError, JuteWriter } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { TxnBody, TxnHeader } from '../../wire/txn.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import { COUNTER_MAX, counterOf } from '../../wire/zxid.ts';
import type { Broadcast } from '../proposals/broadcast.ts';
import { commitPoint } from '../proposals/commit-point.ts';
import { OutstandingBytes, proposalBytes, SYNC_BYTES } from '../proposals/outstanding-bytes.ts';
import { PreparationLine, type PrepareParts } from '../proposals/preparation-line.ts';
import { OUTSTANDING_PROPOSALS_MAX, type Proposal, type WaitingSync } from '../proposals/proposal.ts';
import { ProposalWriter } from '../proposals/proposal-writer.ts';
import { ContainerManager } from './container-manager.ts';
import { LeaderSessions } from './leader-sessions.ts';

/**
 * The server of a leader, and of a standalone server, whose quorum is itself:
 * prepare -> log and propose -> acks of a quorum -> commit -> apply -> reply.
 */
export class LeaderZooKeeperServer extends ZooKeeperServer {
  readonly mode: ServerMode;
  readonly #sessions: LeaderSessions;
  readonly #sid: number;
  readonly #sessionIds: SessionIds;
  readonly #membership: QuorumSource;
  readonly #broadcast: Broadcast;
  readonly #leadsAlone: () => boolean;
  readonly #prep: PrepRequestProcessor;
  readonly #reconfigOptions: ReconfigOptions;
  readonly #sync: SyncRequestProcessor;
  readonly #line: PreparationLine;
  readonly #outstanding = new Fifo<Proposal>();
  readonly #kept: OutstandingBytes;
  readonly #syncs = new Fifo<WaitingSync>();
  readonly #lastAcked = new Map<number, number>();
  readonly #proposals: ProposalWriter;
  #zxid: number;
  #evaluateQueued = false;
  /** Transactions applied in this turn, of which learners have not been told yet. */
  #committed: TxnPacket[] = [];
  #stopped = false;
  /** Another leader commits what follows, so this one commits nothing and takes no requests. */
  isRetired = false;
  readonly #containers: ContainerManager;
  readonly #evaluateNow = () => this.#evaluate();

  /** `zxid`: the one before the first it will assign: epoch << 32 for a leader, the last for standalone. */
  constructor(
    parts: ServerParts,
    role: {
      mode: 'leader' | 'standalone';
      sid: number;
      sessionIds: SessionIds;
      membership: QuorumSource;
      broadcast: Broadcast;
      zxid: number;
      outstandingBytesMax?: number;
      /** Whether the leader is one of two voters that goes on without the other. @default never */
      leadsAlone?: () => boolean;
      /** @default null: it refuses every reconfig */
      reconfig?: ReconfigPart | null;
    },
  ) {
    super(parts, role.membership);
    this.mode = role.mode;
    this.#sid = role.sid;
    this.#sessionIds = role.sessionIds;
    this.#membership = role.membership;
    this.#broadcast = role.broadcast;
    this.#leadsAlone = role.leadsAlone ?? (() => false);
    this.#zxid = role.zxid;
    this.#kept = new OutstandingBytes(() => this.madeRoom(), role.outstandingBytesMax);
    const { config } = parts;
    const { reconfigEnabled, standaloneEnabled, multiAddressEnabled } = config;
    this.#prep = new PrepRequestProcessor(parts.database.tree, parts.access, {
      skipAcl: config.skipAcl,
      jute: config.jute,
      digestEnabled: config.digestEnabled,
      closeSessionTxnEnabled: config.closeSessionTxnEnabled,
      reconfigure: (asked, zxid) => reconfigurationOf(asked, zxid, this.#reconfigOptions),
      isReconfiguring: () => isPending(role.reconfig),
    });
    const lines = new RatedLog(parts);
    this.#reconfigOptions = {
      ...{ reconfigEnabled, standaloneEnabled, multiAddressEnabled },
      part: role.reconfig ?? null,
      onRefused: reason => lines.warn('refused reconfigurations', 'a reconfiguration is refused', { reason }),
    };
    this.#proposals = new ProposalWriter(config.digestEnabled ? this.#prep.changes.digest : null);
    this.#line = new PreparationLine(parts, {
      submit: request => this.#submitNow(request),
      beginMulti: request => this.#beginMulti(request),
      keep: bytes => this.#kept.keep(bytes),
      letGo: bytes => this.#kept.letGo(bytes),
    });
    this.#sync = new SyncRequestProcessor(
      parts.database,
      parts.clock,
      zxid => this.ack(this.#sid, zxid),
      parts.onFatal,
    );
    this.#sessions = new LeaderSessions(parts, this, session => this.#expire(session));
    this.#containers = new ContainerManager(parts, path =>
      this.#submitOwn(OpCode.deleteContainer, NO_SESSION, new JuteWriter().writeString(path).toBuffer()),
    );
  }

  get tracker(): SessionTracker {
    return this.#sessions.tracker;
  }

  /** The last zxid assigned. */
  get lastProposed(): number {
    return this.#zxid;
  }

  get globalSessions(): number {
    return this.tracker.size;
  }

  /** Sizes of the transactions in proposals, in bytes. */
  get proposalSizes(): ProposalWriter['sizes'] {
    return this.#proposals.sizes;
  }

  get waitingSyncs(): number {
    return this.#syncs.length;
  }

  /** Outstanding proposals that a joining learner has to be told of, oldest first. */
  *pendingPackets(): Generator<TxnPacket> {
    for (const proposal of this.#outstanding) yield proposal.packet;
  }

  protected openGlobalSession(connection: ServerCnxn, timeoutMs: number): void {
    const id = this.#sessionIds.next();
    this.submit(connection.sessionRequest(OpCode.createSession, id, timeoutMs));
  }

  /**
   * The session is tracked at once, since it is not local any more: its earlier requests may still wait to be
   * prepared, and must find it. @see UpgradeableSessionTracker.upgradeSession
   */
  protected submitGlobalSession(request: Request): void {
    this.#sessions.begin(request);
    this.submit(request);
  }

  protected renewGlobalSession(connection: ServerCnxn, sessionId: bigint, timeoutMs: number): void {
    // This waits, as REVALIDATE does, because the createSession of the session may stand behind a long multi.
    this.whenProposed(() => this.#sessions.renew(connection, sessionId, timeoutMs));
  }

  protected touchGlobalSession(connection: ServerCnxn): void {
    this.#sessions.touch(connection);
  }

  sync(request: Request): void {
    this.syncAfterOutstanding(() => request.origin?.complete(request, null));
  }

  /**
   * Calls `done` once everything outstanding now is committed and applied; at once when nothing is
   * outstanding and nobody waits.
   */
  syncAfterOutstanding(done: () => void): void {
    this.whenProposed(() => this.syncAfterProposed(done));
  }

  /**
   * Calls `run` once everything submitted before is proposed: sessions that it begins or closes are begun or
   * closing only then.
   */
  whenProposed(run: () => void): void {
    this.#line.behind(run);
  }

  /** Like `syncAfterOutstanding`, but for what is proposed now. */
  syncAfterProposed(done: () => void): void {
    // Another leader commits what follows.
    if (this.isRetired) return;
    if (this.#outstanding.length === 0 && this.#syncs.length === 0) done();
    else {
      this.#syncs.push({ afterZxid: this.#zxid, done });
      this.#kept.keep(SYNC_BYTES);
    }
  }

  /** Number of requests submitted and not proposed yet. */
  get preparing(): number {
    return this.#line.length;
  }

  get hasRoom(): boolean {
    return !this.#kept.isFull;
  }

  /** Memory kept for what is proposed and not committed, and for those who wait for it, in bytes. */
  get outstandingBytes(): number {
    return this.#kept.bytes;
  }

  submit(request: Request): void {
    if (this.#stopped || this.isRetired) return;
    const limit = this.mode === 'leader' ? this.#limitReached() : null;
    if (limit === null) this.#line.submit(request);
    else this.#broadcast.stepDown(limit);
  }

  #submitNow(request: Request): void {
    // A refusal is a transaction too: the server that forwarded the request waits for its answer in order.
    const zxid = this.#zxid + 1;
    const timeMs = this.parts.clock.wallMs();
    this.#propose(request, this.#bodyOf(request, zxid, timeMs), zxid, timeMs);
  }

  #beginMulti(request: Request): PrepareParts | null {
    const zxid = this.#zxid + 1;
    const timeMs = this.parts.clock.wallMs();
    const code = this.#sessions.check(request);
    if (code !== ErrorCode.OK) {
      this.#propose(request, errorTxn(code), zxid, timeMs);
      return null;
    }
    const multi = this.#prep.beginMulti(request, zxid, timeMs);
    return partsMax => {
      const body = this.#partsOf(multi, partsMax);
      if (body !== null) this.#propose(request, body, zxid, timeMs);
      return body !== null;
    };
  }

  /** The transaction once all parts are prepared, null before. */
  #partsOf(multi: MultiPreparation, partsMax: number): TxnBody | null {
    try {
      return multi.step(partsMax) ? multi.body : null;
    } catch (error) {
      return malformed(error);
    }
  }

  /**
   * Nothing that a learner forwards may throw: the connection it came through may carry a whole follower's
   * clients.
   */
  #bodyOf(request: Request, zxid: number, timeMs: number): TxnBody {
    try {
      const code = this.#sessions.check(request);
      return code === ErrorCode.OK ? this.#prep.prepare(request, zxid, timeMs) : errorTxn(code);
    } catch (error) {
      return malformed(error);
    }
  }

  /** A standalone server has no epochs, and its clients are held back long before this limit. */
  #limitReached(): string | null {
    if (counterOf(this.#zxid) + this.#line.length >= COUNTER_MAX - 1)
      return 'the transaction counter of this epoch is used up';
    if (this.#outstanding.length + this.#line.length < OUTSTANDING_PROPOSALS_MAX) return null;
    return `${OUTSTANDING_PROPOSALS_MAX} proposals wait for a quorum`;
  }

  #expire(session: TrackedSession): void {
    this.parts.events.emit({ kind: 'sessionExpired', id: session.id });
    const { high: sessionHigh, low: sessionLow } = session;
    this.#submitOwn(OpCode.closeSession, { sessionHigh, sessionLow }, EMPTY);
  }

  #submitOwn(op: number, session: { sessionHigh: number; sessionLow: number }, bytes: Buffer): void {
    this.submit(ownRequest(op, session, bytes, this, this.parts.clock.monotonicMs()));
  }

  #propose(request: Request, body: TxnBody, zxid: number, timeMs: number): void {
    this.#zxid = zxid;
    const header: TxnHeader = {
      clientHigh: request.sessionHigh,
      clientLow: request.sessionLow,
      cxid: request.cxid,
      zxid,
      time: timeMs,
      type: body.type,
    };
    const packet = { zxid, bytes: this.#proposals.write(header, body, request) };
    if (body.type === OpCode.reconfig) this.#broadcast.reconfigure(String(body.data), zxid);
    const proposedMs = this.parts.clock.monotonicMs();
    const parts = body.type === OpCode.multi ? body.txns.length : 0;
    const keptBytes = proposalBytes(this.#bytesOf(packet, request), packet.bytes.length, parts);
    this.#outstanding.push({ packet, header, body, request, proposedMs, keptBytes });
    this.#kept.keep(keptBytes);
    this.#sync.append(packet);
    this.#broadcast.propose(packet);
  }

  /** Memory of a proposal and its request, as far as no earlier proposal counts it. */
  #bytesOf({ bytes }: TxnPacket, request: Request): number {
    // The transaction stands in the memory of its request.
    if (request.isRoomy && bytes.buffer === request.bytes.buffer) return request.bytes.length;
    // Requests of one chunk from the socket all keep the whole chunk alive, so it counts once.
    const isCounted = this.#outstanding.last()?.request.bytes === request.bytes;
    return bytes.length + (isCounted ? 0 : request.bytes.length);
  }

  /** Everything up to `zxid` is on the disk of `sid`. */
  ack(sid: number, zxid: number): void {
    if (zxid <= (this.#lastAcked.get(sid) ?? 0)) return;
    this.#lastAcked.set(sid, zxid);
    this.evaluateSoon();
  }

  /** Called when something besides acks decides: the oracle of two voters. */
  evaluateSoon(): void {
    if (this.#evaluateQueued || this.#outstanding.length === 0) return;
    this.#evaluateQueued = true;
    this.parts.clock.atEndOfTurn(this.#evaluateNow);
  }

  /** The acks of a learner that left no longer count: else a quorum could rest on what it forgot. */
  forgetAcks(sid: number): void {
    this.#lastAcked.delete(sid);
  }

  /**
   * Commits as much as this turn has room to apply. Later turns commit the rest, so nothing is ever committed
   * here and not applied: a learner that joins in between is told everything.
   */
  #evaluate(): void {
    this.#evaluateQueued = false;
    if (this.#stopped || this.isRetired) return;
    const { clock, turns } = this.parts;
    const startMs = clock.monotonicMs();
    turns.applying.saw(startMs);
    const { quorum } = this.#membership;
    const point = this.#commitPoint(quorum);
    const latency = this.parts.metrics.summary('quorum_ack_latency');
    let hasMore = true;
    while (hasMore && !this.crowd.isFull) {
      hasMore = this.#commitNext(point, startMs, latency);
      if (!turns.applying.hasRoom()) break;
    }
    this.#tellCommits();
    turns.budget.extend(clock.monotonicMs() - startMs);
    // A configuration that was just committed may change who decides, so more may be committed without
    // another ack.
    if (!hasMore && quorum === this.#membership.quorum) return;
    this.#evaluateQueued = true;
    clock.inNextTurn(this.#evaluateNow);
  }

  #commitPoint(quorum: JointQuorum): number {
    const point = commitPoint(this.#lastAcked, quorum);
    const own = this.#lastAcked.get(this.#sid) ?? 0;
    return quorum.isPair && own > point && this.#leadsAlone() ? own : point;
  }

  /**
   * Performs the next commit up to `point`, or the next answer that is due before it. False when there is
   * none.
   */
  #commitNext(point: number, nowMs: number, latency: Summary): boolean {
    if (this.#stopped || this.isRetired) return false;
    const sync = this.#syncs.peek();
    if (sync !== undefined && sync.afterZxid <= this.parts.database.lastProcessedZxid) {
      this.#answerSync(sync);
      return true;
    }
    const head = this.#outstanding.peek();
    if (head === undefined || head.packet.zxid > point) return false;
    this.#outstanding.shift();
    const { packet, header, body, request } = head;
    latency.add(nowMs - head.proposedMs);
    if (body.type === OpCode.reconfig) this.#activate(packet);
    else {
      this.#broadcast.inform(packet);
      this.#committed.push(packet);
    }
    this.applyTxn(packet, header, body, request);
    this.#prep.changes.release(packet.zxid);
    this.#kept.letGo(head.keptBytes);
    return true;
  }

  #activate(packet: TxnPacket): void {
    this.#tellCommits();
    this.parts.metrics.counter('txn_committed_count').add();
    if (!this.#broadcast.activate(packet, this.#lastAcked)) this.isRetired = true;
  }

  /**
   * The learner that asked must see the answer after all commits before the sync, and before the commits of
   * what its client wrote after it. Otherwise it finds the sync at the head of its queue where it looks for
   * the write.
   */
  #answerSync(sync: WaitingSync): void {
    this.#tellCommits();
    this.#syncs.shift();
    this.#kept.letGo(SYNC_BYTES);
    this.parts.turns.applying.spend(Units.read);
    sync.done();
  }

  #tellCommits(): void {
    const packets = this.#committed;
    if (packets.length === 0) return;
    this.#committed = [];
    this.#broadcast.commit(packets);
    this.parts.metrics.counter('txn_committed_count').add(packets.length);
  }

  protected onApplied(header: TxnHeader, body: TxnBody): void {
    if (body.type === OpCode.closeSession) this.tracker.remove(header.clientHigh, header.clientLow);
  }

  /** Calls `done` once everything proposed is on this server's disk. */
  stop(reason: string, done: () => void): void {
    this.#stopped = true;
    this.#containers.stop();
    this.#line.stop();
    this.tracker.stop();
    this.shutdown(reason);
    this.#sync.stop(done);
  }
}

/** @throws `error` again when it is not the request's fault */
function malformed(error: unknown): TxnBody {
  if (!(error instanceof JuteError)) throw error;
  return errorTxn(ErrorCode.MARSHALLINGERROR);
}

const EMPTY = Buffer.alloc(0);
const NO_SESSION = { sessionHigh: 0, sessionLow: 0 };
