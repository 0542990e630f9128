import { ephemeralPart } from '../../processors/ephemeral-part.ts';
import { Request } from '../../processors/request.ts';
import type { Requester } from '../../processors/request-rules.ts';
import { Hold } from '../../processors/server-cnxn.ts';
import { validateSync, validateWrite } from '../../processors/validate-request.ts';
import type { ZooKeeperServer } from '../../processors/zookeeper-server.ts';
import type { TxnResult } from '../../tree/txn-result.ts';
import { type TurnBudget, Units } from '../../turns/turn-budget.ts';
import type { Id } from '../../wire/acl.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteReader } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { InputLedger } from '../buffers/input-ledger.ts';
import { RequestLatency } from './request-latency.ts';
import { costOf, wayOf } from './request-scheduling.ts';
import type { SessionClient } from './session-client.ts';
import { type Pending, SessionOrder, WIDE } from './session-order.ts';
import { SessionReads } from './session-reads.ts';
import { SessionReplies } from './session-replies.ts';

const LENGTH_BYTES = 4;

/**
 * Takes the requests of one session from frame to reply, in their order. A read is answered at once unless a
 * write or sync of the same session is under way. @see docs/wire.md "Client connections"; NIOServerCnxn
 */
export class SessionRequests {
  readonly #connection: SessionClient;
  readonly #server: ZooKeeperServer;
  readonly #input: InputLedger;
  readonly #budget: TurnBudget;
  readonly #reader = new JuteReader();
  readonly #order: SessionOrder;
  readonly #replies: SessionReplies;
  readonly #latency: RequestLatency;
  /** A read under way is the head of the order. */
  readonly #reads: SessionReads;
  readonly #identities: () => readonly Id[];
  readonly #requester: Requester;

  /** `order`: requests that another server left unanswered. All of them can be answered at once. */
  constructor(
    connection: SessionClient,
    server: ZooKeeperServer,
    input: InputLedger,
    order = new SessionOrder(),
  ) {
    this.#connection = connection;
    this.#order = order;
    this.#input = input;
    this.#server = server;
    this.#budget = server.parts.turns.budget;
    this.#identities = () => connection.identities();
    this.#replies = new SessionReplies(connection, server);
    this.#latency = new RequestLatency(connection, server);
    this.#reads = new SessionReads(connection, server, this.#replies, this.#latency);
    const { access, config, database } = server.parts;
    this.#requester = {
      identities: this.#identities,
      providers: access.providers,
      reconfigEnabled: config.reconfigEnabled,
      ownerLayout: database.tree.ownerLayout,
    };
  }

  get outstanding(): number {
    return this.#order.length;
  }

  /** The client has asked for the end of its session. */
  get ends(): boolean {
    return this.#order.ends;
  }

  /** Bytes of the requests that the server works on, and of those that wait behind them. */
  get submittedBytes(): number {
    return this.#order.submitted > 0 ? this.#order.bytes : 0;
  }

  /** Bytes of the reads that wait until the client has read earlier answers. */
  get waitingBytes(): number {
    return this.#order.submitted > 0 ? 0 : this.#order.bytes;
  }

  /** The oldest request can be answered. */
  get isAnswerable(): boolean {
    return this.#order.isAnswerable;
  }

  /** The head of the session's order, if it is a write with this cxid: what a learner matches a commit to. */
  headWrite(cxid: number): Request | null {
    const request = this.#order.peek()?.request ?? null;
    return request !== null && request.cxid === cxid && request.op !== OpCode.sync ? request : null;
  }

  /**
   * Takes the request in `bytes[start, end)`. Returns false when other requests of its session have to be
   * answered first: then nothing has changed, and the gate is held until the request can be taken.
   * `isRoomy`: see `Request.isRoomy`.
   * @throws JuteError when the bytes are no request
   */
  take(bytes: Buffer, start: number, end: number, isRoomy: boolean): boolean {
    const reader = this.#reader.reset(bytes, start, end);
    const xid = reader.readInt();
    const op = reader.readInt();
    const way = wayOf(op);
    const isAlone = this.#order.length === 0;
    if (way === 'read' ? !isAlone : way !== 'aside') {
      if (!this.#hasRoom(way !== 'read')) return false;
      this.#budget.spend(costOf(op, way !== 'read', end - start));
    }
    const server = this.#server;
    const frameBytes = LENGTH_BYTES + end - start;
    this.#connection.stats.received(frameBytes);
    server.parts.stats.received(frameBytes);
    if (way === 'read') {
      if (isAlone) this.#readNow(xid, op, bytes, reader, end);
      else this.#wait(xid, op, bytes, reader.offset, end, ErrorCode.OK);
    } else if (way === 'aside') {
      this.#budget.spend(Units.read);
      this.#replies.authenticate(xid, op, reader);
    } else {
      this.#submitNew(xid, op, bytes, reader.offset, end, isRoomy);
    }
    return true;
  }

  /** Whether one more unanswered request is allowed. If not, the gate is held until it is. */
  #hasRoom(submits: boolean): boolean {
    if (!this.#order.hasRoom(submits)) {
      this.#connection.gate.hold(Hold.order);
      return false;
    }
    if (submits && this.#input.isFull) {
      this.#input.wait(this.#connection);
      return false;
    }
    if (submits && !this.#server.hasRoom) {
      this.#server.waitForRoom(this.#connection);
      return false;
    }
    return true;
  }

  #submitNew(xid: number, op: number, bytes: Buffer, start: number, end: number, isRoomy: boolean): void {
    const refusal = this.#refusalOf(op, bytes, start, end);
    const isHere = refusal === ErrorCode.OK && !this.#endsLocally(op);
    if (isHere) this.#submit(xid, op, bytes, start, end, isRoomy);
    else if (this.#order.length > 0) this.#wait(xid, op, bytes, start, end, refusal);
    else this.#answerUnsubmitted({ xid, op, bytes, start, end, request: null, refusal, weight: 1 });
  }

  #refusalOf(op: number, bytes: Buffer, start: number, end: number): number {
    if (op === OpCode.createSession) return ErrorCode.UNIMPLEMENTED;
    // The write would be carried out after the end of the session, or would make the session global that is
    // about to end here.
    if (this.#order.endsLocally) return ErrorCode.SESSIONEXPIRED;
    if (this.#server.isReadOnly && op !== OpCode.closeSession) return ErrorCode.NOTREADONLY;
    if (op === OpCode.sync) return validateSync(bytes, start, end);
    const refusal = validateWrite(op, bytes, start, end, this.#requester);
    const server = this.#server;
    if (refusal !== ErrorCode.OK || server.parts.localSessions === null) return refusal;
    if (!server.hasLocalSession(this.#connection) || ephemeralPart(op, bytes, start, end) < 0) return refusal;
    if (!server.parts.config.localSessionsUpgradingEnabled) return ErrorCode.EPHEMERALONLOCALSESSION;
    server.upgradeSession(this.#connection);
    return ErrorCode.OK;
  }

  /** The end of a local session is no transaction, and comes in its place among the requests all the same. */
  #endsLocally(op: number): boolean {
    return op === OpCode.closeSession && this.#server.hasLocalSession(this.#connection);
  }

  /** Answers a write that is never submitted: a refused one, or the end of a local session. */
  #answerUnsubmitted(pending: Pending): void {
    const { xid, op, refusal } = pending;
    if (refusal === ErrorCode.EPHEMERALONLOCALSESSION && op === OpCode.multi) {
      this.#replies.refusePart(pending, ephemeralPart(op, pending.bytes, pending.start, pending.end));
    } else if (refusal !== ErrorCode.OK) {
      this.#replies.refuse(xid, op, refusal);
    } else {
      this.#server.endLocalSession(this.#connection);
      this.#replies.done(xid, op);
      this.#connection.end();
    }
  }

  #submit(xid: number, op: number, bytes: Buffer, start: number, end: number, isRoomy: boolean): void {
    const server = this.#server;
    const request = this.#request(xid, op, bytes, start, end, isRoomy);
    this.#order.push({ xid, op, bytes, start, end, request, refusal: ErrorCode.OK, weight: 0 });
    server.requestStarted(this.#connection);
    if (op === OpCode.sync) server.sync(request);
    else server.submit(request);
  }

  /** A read, or a refusal, takes its place behind what is under way. */
  #wait(xid: number, op: number, bytes: Buffer, start: number, end: number, refusal: number): void {
    const isRead = refusal === ErrorCode.OK && op !== OpCode.closeSession;
    const weight = isRead ? this.#server.final.weightOf(op, this.#reader) : 1;
    this.#order.push({ xid, op, bytes, start, end, request: null, refusal, weight });
  }

  /** The request that stands for the session being opened. */
  sessionRequest(op: number, timeoutMs: number): Request {
    const body = Buffer.alloc(4);
    body.writeInt32BE(timeoutMs);
    return this.#request(0, op, body, 0, body.length, false);
  }

  #request(cxid: number, op: number, bytes: Buffer, start: number, end: number, isRoomy: boolean): Request {
    const connection = this.#connection;
    return new Request({
      sessionHigh: connection.sessionHigh,
      sessionLow: connection.sessionLow,
      cxid,
      op,
      bytes,
      start,
      end,
      isRoomy,
      owner: this.#server,
      origin: connection,
      identities: this.#identities,
      arrivedMs: connection.arrivedMs,
    });
  }

  /** A write or sync is done. It must be the oldest unanswered request. */
  complete(request: Request, result: TxnResult | null): void {
    const connection = this.#connection;
    const head = this.#order.peek();
    if (head?.request !== request) {
      connection.close('a transaction was answered out of order', true);
      return;
    }
    this.#order.shift();
    this.#server.requestEnded();
    this.#latency.completed(request, result !== null);
    if (request.op === OpCode.sync) this.#replies.sync(head);
    else this.#replies.write(head, request, result);
    if (request.op === OpCode.closeSession) {
      connection.end();
      return;
    }
    if (this.#order.length > 0) {
      this.#answerBehind();
      this.recordReads();
    }
    this.#relax();
  }

  /**
   * Answers the reads that waited for the completed request: as many as the turn has room for, but all of
   * those in front of another write under way, because they must not show that write.
   */
  #answerBehind(): void {
    const { gate } = this.#connection;
    while (this.#order.isAnswerable) {
      const owed = this.#order.submitted > 0;
      if (!owed && (this.#budget.turnIsOver || gate.isHeld(Hold.output))) {
        this.#connection.wake();
        return;
      }
      this.#answerOldest();
    }
  }

  /** Answers the oldest request, or continues its answer. */
  answerOldest(): void {
    this.#answerOldest();
    this.#relax();
  }

  #answerOldest(): void {
    const head = this.#order.peek()!;
    const { xid, op, bytes, start, end, refusal } = head;
    if (this.#reads.isUnderWay) {
      if (this.#reads.goOn(xid, op)) this.#order.shift();
    } else if (refusal !== ErrorCode.OK || op === OpCode.closeSession) {
      this.#order.shift();
      this.#answerUnsubmitted(head);
    } else if (this.#reads.answer(xid, op, this.#reader.reset(bytes, start, end))) {
      this.#order.shift();
    }
  }

  /** A read that nothing waits in front of. */
  #readNow(xid: number, op: number, bytes: Buffer, reader: JuteReader, end: number): void {
    const start = reader.offset;
    if (this.#reads.answer(xid, op, reader)) return;
    this.#order.push({ xid, op, bytes, start, end, request: null, refusal: ErrorCode.OK, weight: WIDE });
  }

  #relax(): void {
    if (this.#connection.gate.isHeld(Hold.order) && this.#order.isRelaxed)
      this.#connection.release(Hold.order);
  }

  /** The session of these requests was created. Upstream counts this as an update. */
  sessionMade(request: Request): void {
    this.#connection.stats.answered(request.op, request.cxid, request.header?.zxid ?? 0);
    this.#latency.completed(request, true);
  }

  /** Called after each batch. @see RequestLatency.recordReads */
  recordReads(): void {
    this.#latency.recordReads();
  }

  /**
   * The connection leaves this server and hears nothing more from it. Its unanswered requests stay in order.
   */
  leave(): SessionOrder {
    this.recordReads();
    this.#reads.giveUp();
    const { sessionHigh, sessionLow } = this.#connection;
    const { count, bytes } = this.#order.writesUnderWay();
    // A learner forwards each request with all identities that its client has proven.
    const idBytes = this.#connection.ids.bytes;
    if (count > 0) this.#server.leftBehind(sessionHigh, sessionLow, count, bytes + count * idBytes);
    for (let under = this.#order.submitted; under > 0; under--) this.#server.requestEnded();
    this.#order.orphan();
    return this.#order;
  }

  /** The connection is gone, and nobody waits for its answers any more. */
  forget(): void {
    this.leave().clear();
  }
}
