import type { Summary } from '../metrics/metrics.ts';
import { printable } from '../printable.ts';
import type { ReadSession } from '../processors/final-request-processor.ts';
import type { LongRead } from '../processors/long-read.ts';
import { partTypes } from '../processors/multi-parts.ts';
import { writeMultiReply, writeTxnReply } from '../processors/reply-writer.ts';
import { isCreate, isWrite, Request } from '../processors/request.ts';
import type { Requester } from '../processors/request-rules.ts';
import { Hold, type ServerCnxn } from '../processors/server-cnxn.ts';
import { validateWrite } from '../processors/validate-request.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { sessionIdHex } from '../sessions/session-id.ts';
import type { TxnResult } from '../tree/data-tree.ts';
import { WatchesFullError } from '../tree/watch-memory.ts';
import { type TurnBudget, Units, unitsOfBytes } from '../turns/turn-budget.ts';
import type { Id } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { authenticate } from './authentication.ts';
import type { ClientIdentities } from './client-identities.ts';
import type { ClientOutput } from './client-output.ts';
import type { ConnectionStats } from './connection-stats.ts';
import type { InputHolder, InputLedger } from './input-ledger.ts';
import type { ReadGate } from './read-gate.ts';
import { type Pending, SessionOrder, WIDE } from './session-order.ts';

/** The connection, as its requests use it. */
export interface SessionClient extends ServerCnxn, ReadSession, InputHolder {
  readonly sessionId: bigint;
  /** host:port */
  readonly remote: string;
  /** Monotonic ms at which the bytes that are being taken came. */
  readonly arrivedMs: number;
  readonly stats: ConnectionStats;
  readonly gate: ReadGate;
  readonly output: ClientOutput;
  readonly ids: ClientIdentities;
  /** There is something to answer or to take. */
  wake(): void;
  /** The client does not keep up: nothing more is answered before it has read what waits for it. */
  relieve(): void;
  /** After the last reply of a closed session. */
  end(): void;
  /** Bytes made so far of an answer that takes several turns. 0: it was sent, or nobody wants it any more. */
  keepsAnswer(bytes: number): void;
  /** The client may not have the watch that it asked for. */
  watchRefused(): void;
  /** `warn` is for reasons that a person should see in the log. */
  close(reason: string, warn?: boolean): void;
}

/** A read that continues in later turns. */
interface BegunRead {
  readonly read: LongRead;
  /** The zxid at which the read began. */
  readonly zxid: number;
  readonly arrivedMs: number;
}

const LENGTH_BYTES = 4;
/** Few enough that the end of a turn is noticed in time: the first check of an ACL may take a while. */
const READS_MEASURED_TOGETHER = 16;
/** A multi costs as much as one write for each of these many bytes. */
const MULTI_BYTES_PER_UNIT = 16;

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
  /** The head of the order, while its answer takes more than one turn. */
  #begun: BegunRead | null = null;
  /** Reads answered whose latency is not yet recorded. */
  #readsAnswered = 0;
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
    this.#requester = { identities: this.#identities, providers: server.parts.access.providers };
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
   * @throws JuteError when the bytes are no request
   */
  take(bytes: Buffer, start: number, end: number): boolean {
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
      this.#authenticate(xid, op, reader);
    } else if (op === OpCode.sync) {
      this.#submit(xid, op, bytes, reader.offset, end);
    } else {
      this.#submitWrite(xid, op, bytes, reader.offset, end);
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

  #submitWrite(xid: number, op: number, bytes: Buffer, start: number, end: number): void {
    const refusal =
      op === OpCode.createSession
        ? ErrorCode.UNIMPLEMENTED
        : validateWrite(op, bytes, start, end, this.#requester);
    if (refusal === ErrorCode.OK) this.#submit(xid, op, bytes, start, end);
    else if (this.#order.length === 0) this.#refuse(xid, op, refusal);
    else this.#wait(xid, op, bytes, start, end, refusal);
  }

  #submit(xid: number, op: number, bytes: Buffer, start: number, end: number): void {
    const server = this.#server;
    const request = this.request(xid, op, bytes, start, end);
    this.#order.push({ xid, op, bytes, start, end, request, refusal: ErrorCode.OK, weight: 0 });
    server.requestStarted(this.#connection);
    if (op === OpCode.sync) server.sync(request);
    else server.submit(request);
  }

  /** A read, or a refusal, takes its place behind what is under way. */
  #wait(xid: number, op: number, bytes: Buffer, start: number, end: number, refusal: number): void {
    const weight = refusal === ErrorCode.OK ? this.#server.final.weightOf(op, this.#reader) : 1;
    this.#order.push({ xid, op, bytes, start, end, request: null, refusal, weight });
  }

  request(cxid: number, op: number, bytes: Buffer, start: number, end: number): Request {
    const connection = this.#connection;
    return new Request({
      sessionHigh: connection.sessionHigh,
      sessionLow: connection.sessionLow,
      cxid,
      op,
      bytes,
      start,
      end,
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
    const server = this.#server;
    server.requestEnded();
    // Upstream counts a sync, which has no transaction, among the reads.
    this.#measure(request.arrivedMs, result === null ? server.readLatency : server.updateLatency);
    if (request.op === OpCode.sync) this.#replySync(head);
    else this.#replyWrite(head, request, result);
    if (request.op === OpCode.closeSession) {
      connection.end();
      return;
    }
    if (this.#order.length > 0) {
      this.#answerBehind();
      this.measureReads();
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
    const { xid, op, bytes, start, end, refusal } = this.#order.peek()!;
    if (this.#begun !== null) {
      this.#goOn(xid, op, this.#begun);
    } else if (refusal !== ErrorCode.OK) {
      this.#order.shift();
      this.#refuse(xid, op, refusal);
    } else {
      this.#begun = this.#answerRead(xid, op, this.#reader.reset(bytes, start, end));
      if (this.#begun === null) this.#order.shift();
    }
  }

  #goOn(xid: number, op: number, { read, zxid, arrivedMs }: BegunRead): void {
    const server = this.#server;
    server.crowd.catchUp(this.#connection);
    let err: number = ErrorCode.OK;
    try {
      if (!read.step(this.#budget)) {
        this.#connection.keepsAnswer(read.bytes);
        return;
      }
    } catch (error) {
      if (this.#leavesOver(error)) return;
      err = codeOf(error);
    }
    this.#begun = null;
    this.#connection.keepsAnswer(0);
    this.#order.shift();
    const body = server.replies.begin();
    if (err === ErrorCode.OK) read.writeTo(body);
    this.#send(xid, op, read.isOfItsBeginning ? zxid : server.lastProcessedZxid, err);
    this.#measure(arrivedMs, server.readLatency);
    if (read.isOfItsBeginning) this.#connection.output.releaseEvents();
  }

  /** A read that nothing waits in front of. */
  #readNow(xid: number, op: number, bytes: Buffer, reader: JuteReader, end: number): void {
    const start = reader.offset;
    this.#begun = this.#answerRead(xid, op, reader);
    if (this.#begun === null) return;
    this.#order.push({ xid, op, bytes, start, end, request: null, refusal: ErrorCode.OK, weight: WIDE });
  }

  #relax(): void {
    if (this.#connection.gate.isHeld(Hold.order) && this.#order.isRelaxed)
      this.#connection.release(Hold.order);
  }

  #replySync(head: Pending): void {
    this.#server.replies.begin().writer.writeRaw(head.bytes, head.start, head.end);
    this.#send(head.xid, head.op, this.#server.lastProcessedZxid, ErrorCode.OK);
  }

  #replyWrite(head: Pending, request: Request, result: TxnResult | null): void {
    const err = result?.err ?? ErrorCode.OK;
    if (err === ErrorCode.SESSIONMOVED) {
      this.#connection.close('the session has moved to another server');
      return;
    }
    const { writer } = this.#server.replies.begin();
    if (result?.type === OpCode.multi) {
      writeMultiReply(writer, result, partTypes(new JuteReader(head.bytes, head.start, head.end)));
    } else if (result !== null && err === ErrorCode.OK) {
      writeTxnReply(writer, result, this.#server.parts.database.tree.ownerLayout);
    }
    // A failed multi reports OK in the header and its codes in the parts. Seen on 3.8.0.
    const code = result?.type === OpCode.multi ? ErrorCode.OK : err;
    this.#send(head.xid, head.op, request.header?.zxid ?? this.#server.lastProcessedZxid, code);
  }

  /** Returns null once the read is answered. */
  #answerRead(xid: number, op: number, reader: JuteReader): BegunRead | null {
    const server = this.#server;
    server.crowd.catchUp(this.#connection);
    const body = server.replies.begin();
    if (op === OpCode.ping) {
      this.#send(Xid.ping, op, server.lastProcessedZxid, ErrorCode.OK);
      this.#answeredRead(op, Units.read);
      return null;
    }
    let err: number | LongRead;
    try {
      err = server.final.read(op, reader, this.#connection, body);
    } catch (error) {
      if (this.#leavesOver(error)) return null;
      err = codeOf(error);
    }
    if (typeof err !== 'number') {
      if (err.isOfItsBeginning) this.#connection.output.holdEvents();
      return { read: err, zxid: server.lastProcessedZxid, arrivedMs: this.#connection.arrivedMs };
    }
    if (err === ErrorCode.UNIMPLEMENTED) {
      this.#refuse(xid, op, err);
      return null;
    }
    if (err === ErrorCode.SYSTEMERROR) this.#connection.watchRefused();
    const units = Units.read + unitsOfBytes(body.writer.length);
    this.#send(xid, op, server.lastProcessedZxid, err);
    this.#answeredRead(op, units);
    return null;
  }

  /**
   * A client that reconnects with more watches than it may have is closed and tries another server: its
   * library sends setWatches by itself and ignores the answer.
   */
  #leavesOver(error: unknown): boolean {
    if (!(error instanceof WatchesFullError)) return false;
    this.#connection.close(error.message, true);
    return true;
  }

  /**
   * An operation that no server knows ends the connection. A create that needs extendedTypesEnabled does not.
   * Seen on 3.8.0.
   */
  #refuse(xid: number, op: number, code: number): void {
    const unknown = code === ErrorCode.UNIMPLEMENTED && !isCreate(op);
    this.#server.replies.begin();
    this.#send(xid, op, unknown ? -1 : this.#server.lastProcessedZxid, code);
    if (unknown) this.#connection.close(`operation ${op} is not known`, true);
  }

  #authenticate(xid: number, op: number, reader: JuteReader): void {
    const { replies, parts } = this.#server;
    const { scheme, ok } = authenticate(op, reader, this.#connection.ids, replies.begin().writer);
    this.#send(xid, op, 0, ok ? ErrorCode.OK : ErrorCode.AUTHFAILED);
    if (ok) return;
    parts.metrics.counter('auth_refused_count').add();
    const reason = `authentication with scheme ${printable(scheme)} failed`;
    const { remote: from, sessionId } = this.#connection;
    parts.events.emit({ kind: 'clientRefused', from, session: sessionIdHex(sessionId), reason });
    this.#connection.close(reason);
  }

  #send(xid: number, op: number, zxid: number, err: number): void {
    const { replies, parts } = this.#server;
    const { output } = this.#connection;
    this.#server.crowd.catchUp(this.#connection);
    if (!output.reply(replies, xid, op, zxid, err, parts.stats)) this.#connection.relieve();
  }

  /** The session of these requests was created. Upstream counts this as an update. */
  sessionMade(request: Request): void {
    this.#connection.stats.answered(request.op, request.cxid, request.header?.zxid ?? 0);
    this.#measure(request.arrivedMs, this.#server.updateLatency);
  }

  #answeredRead(op: number, units: number): void {
    this.#budget.spend(units);
    if (++this.#readsAnswered >= READS_MEASURED_TOGETHER || !isShort(op)) this.measureReads();
  }

  /**
   * Records the latency of the reads that were answered since the last call. Their replies leave together, so
   * one clock reading serves them all; one for each would cost a tenth of a read.
   */
  measureReads(): void {
    const count = this.#readsAnswered;
    if (count === 0) return;
    this.#readsAnswered = 0;
    this.#measure(this.#connection.arrivedMs, this.#server.readLatency, count);
  }

  /** Records the latency of `count` requests that were answered together. */
  #measure(arrivedMs: number, kind: Summary, count = 1): void {
    const { clock, stats } = this.#server.parts;
    const nowMs = clock.monotonicMs();
    this.#budget.saw(nowMs);
    const latencyMs = nowMs - arrivedMs;
    stats.addLatency(latencyMs, count);
    kind.add(latencyMs, count);
    this.#connection.stats.addLatency(latencyMs, count);
    this.#connection.stats.lastResponseMs = nowMs;
  }

  /**
   * The connection leaves this server and hears nothing more from it. Its unanswered requests stay in order.
   */
  leave(): SessionOrder {
    this.measureReads();
    if (this.#begun !== null) this.#giveUp(this.#begun.read);
    const { sessionHigh, sessionLow } = this.#connection;
    const { count, bytes } = this.#order.writesUnderWay();
    // A learner forwards each request with all identities that its client has proven.
    const idBytes = this.#connection.ids.bytes;
    if (count > 0) this.#server.leftBehind(sessionHigh, sessionLow, count, bytes + count * idBytes);
    for (let under = this.#order.submitted; under > 0; under--) this.#server.requestEnded();
    this.#order.orphan();
    return this.#order;
  }

  #giveUp(read: LongRead): void {
    this.#begun = null;
    read.cancel();
    this.#connection.keepsAnswer(0);
    if (read.isOfItsBeginning) this.#connection.output.releaseEvents();
  }

  /** The connection is gone, and nobody waits for its answers any more. */
  forget(): void {
    this.leave().clear();
  }
}

function codeOf(error: unknown): number {
  if (!(error instanceof JuteError)) throw error;
  return ErrorCode.MARSHALLINGERROR;
}

/**
 * How a request is scheduled: a read waits for the requests under way, a write is submitted and waits for its
 * transaction, `aside` waits for nothing.
 */
function wayOf(op: number): 'read' | 'submit' | 'aside' {
  if (op === OpCode.getData || op === OpCode.ping) return 'read';
  if (op === OpCode.auth || op === OpCode.sasl) return 'aside';
  return op === OpCode.sync || isWrite(op) ? 'submit' : 'read';
}

/** A read of one node, whatever its body says. */
function isShort(op: number): boolean {
  return op === OpCode.getData || op === OpCode.exists || op === OpCode.ping;
}

function costOf(op: number, submits: boolean, bytes: number): number {
  if (!submits) return unitsOfBytes(bytes);
  return Units.write + (op === OpCode.multi ? bytes / MULTI_BYTES_PER_UNIT : unitsOfBytes(bytes));
}
