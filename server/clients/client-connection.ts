import type { Summary } from '../admin/metrics.ts';
import { printable } from '../printable.ts';
import { Fifo } from '../processors/fifo.ts';
import type { ReadSession } from '../processors/final-request-processor.ts';
import { partTypes } from '../processors/multi-parts.ts';
import { writeMultiReply, writeTxnReply } from '../processors/reply-writer.ts';
import { isWrite, Request, type RequestOrigin } from '../processors/request.ts';
import { validateWrite } from '../processors/validate-request.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Clock, Connection } from '../runtime/runtime.ts';
import { sessionIdHex, sessionPassword } from '../sessions/session-id.ts';
import type { TxnResult } from '../tree/data-tree.ts';
import { type Acl, type Id, Perms } from '../wire/acl.ts';
import { type ConnectRequest, readConnectRequest } from '../wire/connect.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { FrameReader } from '../wire/frames.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { highOf, lowOf } from '../wire/long-map.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { readAuthRequest } from '../wire/requests.ts';
import { bareAddress, ClientIdentities } from './client-identities.ts';
import { ClientOutput, OUTPUT_BYTES_MAX } from './client-output.ts';
import { ConnectionStats } from './connection-stats.ts';
import { judgeHello } from './hello.ts';
import { Hold, ReadGate } from './read-gate.ts';

/** Requests of one client that may wait behind its own writes: reads too, which nothing else counts. */
const PENDING_MAX = 4096;

/** What waits for its place in the session's order: a write or sync under way, or a read behind one. */
interface Pending {
  readonly xid: number;
  readonly op: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The write or sync under way; null for what is answered as soon as it is at the head. */
  readonly request: Request | null;
  /** The refusal of a write that was never submitted; OK for reads. */
  readonly refusal: number;
}

/** The port's side of a connection. */
export interface ConnectionHost {
  readonly logger: Logger;
  /** The largest frame a client may send. jute.maxbuffer */
  readonly frameBytesMax: number;
  readonly sessionTimeouts: { readonly minMs: number; readonly maxMs: number };
  /** The server while one serves. */
  server(): ZooKeeperServer | null;
  closed(connection: ClientConnection): void;
}

/**
 * One client: frames in, requests in the order of its session, replies and watch events out. Reads are answered
 * at once unless a write or sync of the same session is under way. @see facts section 2; NIOServerCnxn
 */
export class ClientConnection implements ReadSession, RequestOrigin {
  readonly #connection: Connection;
  readonly #host: ConnectionHost;
  readonly #output: ClientOutput;
  readonly gate: ReadGate;
  readonly #frames: FrameReader;
  readonly #reader = new JuteReader();
  readonly #pending = new Fifo<Pending>();
  readonly #ids: ClientIdentities;
  readonly #identities = () => this.#ids.all;
  #server: ZooKeeperServer | null = null;
  #state: 'new' | 'connecting' | 'open' | 'closed' = 'new';
  #hello: ConnectRequest | null = null;
  /** Frames that came before the session stood; reading is paused, so they are those of one chunk. */
  #early: Buffer[] = [];
  #chunkMs = 0;
  sessionId = 0n;
  /** The halves of `sessionId`, for look-ups on the path of every request. */
  sessionHigh = 0;
  sessionLow = 0;
  timeoutMs = 0;
  /** Monotonic. */
  readonly openedMs: number;
  readonly stats: ConnectionStats;

  constructor(connection: Connection, host: ConnectionHost, clock: Clock) {
    this.#connection = connection;
    this.#host = host;
    this.openedMs = clock.monotonicMs();
    this.stats = new ConnectionStats(clock.wallMs());
    this.#output = new ClientOutput(connection, this.stats);
    this.gate = new ReadGate(connection);
    this.#ids = new ClientIdentities(bareAddress(connection.remote.host));
    this.#frames = new FrameReader(host.frameBytesMax, (bytes, start, end) =>
      this.#onFrame(bytes, start, end),
    );
  }

  get remote(): string {
    return `${bareAddress(this.#connection.remote.host)}:${this.#connection.remote.port}`;
  }

  get outstanding(): number {
    return this.#pending.length;
  }

  /** As `cons` shows it: 1 while it is read from, 4 while something waits to be written to it. */
  get interestOps(): number {
    return (this.gate.open ? 1 : 0) | (this.#output.bytesQueued > 0 ? 4 : 0);
  }

  get hasSession(): boolean {
    return this.#state === 'open';
  }

  identities(): readonly Id[] {
    return this.#ids.all;
  }

  /** Bytes of one read from the socket. Anything malformed closes this connection and harms nothing else. */
  feed(chunk: Buffer, nowMs: number): void {
    this.#chunkMs = nowMs;
    try {
      this.#frames.feed(chunk);
      if (this.#pending.length > PENDING_MAX) this.gate.hold(Hold.turns);
    } catch (error) {
      this.#onMalformed(error);
    }
  }

  /** Anything but a JuteError is a fault of this server, which must not be mistaken for one of the client. */
  #onMalformed(error: unknown): void {
    if (!(error instanceof JuteError)) throw error;
    this.close(`malformed input: ${error.message}`, true);
  }

  #onFrame(bytes: Buffer, start: number, end: number): void {
    switch (this.#state) {
      case 'new':
        this.#onHello(bytes, start, end);
        return;
      case 'connecting':
        this.#early.push(Buffer.from(bytes.subarray(start, end)));
        return;
      case 'open':
        this.#onRequest(bytes, start, end);
        return;
      case 'closed':
    }
  }

  #onHello(bytes: Buffer, start: number, end: number): void {
    const hello = readConnectRequest(this.#reader.reset(bytes, start, end));
    const server = this.#host.server();
    if (server === null) {
      this.close('not serving');
      return;
    }
    this.#server = server;
    server.parts.metrics.counter('connection_request_count').add();
    const verdict = judgeHello(hello, server.lastProcessedZxid, this.#host.sessionTimeouts);
    if (verdict.kind === 'close') {
      this.close(verdict.reason, true);
      return;
    }
    this.#hello = hello;
    this.#state = 'connecting';
    this.gate.hold(Hold.session);
    server.addConnection(this);
    const { sessionId } = hello;
    switch (verdict.kind) {
      case 'open':
        server.openSession(this, verdict.timeoutMs);
        return;
      case 'renew':
        this.sessionId = sessionId;
        server.parts.metrics.counter('connection_revalidate_count').add();
        server.renewSession(this, sessionId, verdict.timeoutMs);
        return;
      case 'refuse':
        this.#host.logger.warn(verdict.reason, { session: sessionIdHex(sessionId), from: this.remote });
        this.refused();
    }
  }

  /** The session stands: the client is told, and its requests are taken. */
  established(sessionId: bigint, timeoutMs: number): void {
    if (this.#state !== 'connecting' || this.#server === null) return;
    this.sessionId = sessionId;
    this.sessionHigh = highOf(sessionId);
    this.sessionLow = lowOf(sessionId);
    this.timeoutMs = timeoutMs;
    this.#server.bindSession(this);
    this.#state = 'open';
    this.stats.lastOp = OpCode.createSession;
    this.#sendConnectResponse(timeoutMs, sessionId, sessionPassword(sessionId));
    this.gate.release(Hold.session);
    const early = this.#early;
    this.#early = [];
    // Whoever calls is in the middle of a commit: what the client did wrong must not reach it.
    try {
      for (const frame of early) this.#onFrame(frame, 0, frame.length);
    } catch (error) {
      this.#onMalformed(error);
    }
  }

  /** The session is gone, or never was this client's. */
  refused(): void {
    if (this.#state !== 'connecting') return;
    this.sessionId = 0n;
    this.#sendConnectResponse(0, 0n, Buffer.alloc(16));
    this.close('session refused');
  }

  #sendConnectResponse(timeoutMs: number, sessionId: bigint, password: Buffer): void {
    const readOnly = this.#hello?.readOnly === undefined ? undefined : false;
    const response = { protocolVersion: 0, timeoutMs, sessionId, password, readOnly };
    this.#output.connectResponse(response, this.#server!.parts.stats);
  }

  #onRequest(bytes: Buffer, start: number, end: number): void {
    const server = this.#server!;
    this.stats.packetsReceived++;
    server.parts.stats.packetsReceived++;
    const reader = this.#reader.reset(bytes, start, end);
    const xid = reader.readInt();
    const op = reader.readInt();
    server.touch(this);
    if (op === OpCode.auth) {
      this.#authenticate(xid, reader);
      return;
    }
    if (op === OpCode.sasl) {
      this.#declineSasl(xid, reader);
      return;
    }
    if (isWrite(op)) {
      this.#submitWrite(server, xid, op, bytes, reader.offset, end);
    } else if (op === OpCode.sync) {
      const request = this.#request(xid, op, bytes, reader.offset, end);
      this.#wait(server, request, xid, op, bytes, reader.offset, end);
      server.sync(request);
    } else if (this.#pending.length === 0) {
      this.#answerRead(xid, op, reader);
    } else {
      this.#pending.push({ xid, op, bytes, start: reader.offset, end, request: null, refusal: ErrorCode.OK });
    }
  }

  #submitWrite(
    server: ZooKeeperServer,
    xid: number,
    op: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const refusal =
      op === OpCode.createSession ? ErrorCode.UNIMPLEMENTED : validateWrite(op, bytes, start, end);
    if (refusal !== ErrorCode.OK) {
      this.#pending.push({ xid, op, bytes, start, end, request: null, refusal });
      this.#drain();
      return;
    }
    const request = this.#request(xid, op, bytes, start, end);
    this.#wait(server, request, xid, op, bytes, start, end);
    server.submit(request);
  }

  #wait(
    server: ZooKeeperServer,
    request: Request,
    xid: number,
    op: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.#pending.push({ xid, op, bytes, start, end, request, refusal: ErrorCode.OK });
    server.requestStarted(this);
  }

  /** The head of the session's order, if it is a write with this cxid: what a learner matches a commit to. */
  headWrite(cxid: number): Request | null {
    const request = this.#pending.peek()?.request ?? null;
    return request !== null && request.cxid === cxid && request.op !== OpCode.sync ? request : null;
  }

  /** The request that stands for a session being opened through this connection. */
  sessionRequest(op: number, sessionId: bigint, timeoutMs: number): Request {
    const body = Buffer.alloc(4);
    body.writeInt32BE(timeoutMs);
    this.sessionHigh = highOf(sessionId);
    this.sessionLow = lowOf(sessionId);
    this.sessionId = sessionId;
    this.timeoutMs = timeoutMs;
    return this.#request(0, op, body, 0, 4);
  }

  #request(cxid: number, op: number, bytes: Buffer, start: number, end: number): Request {
    return new Request({
      sessionHigh: this.sessionHigh,
      sessionLow: this.sessionLow,
      cxid,
      op,
      bytes,
      start,
      end,
      owner: this.#server!,
      origin: this,
      identities: this.#identities,
      arrivedMs: this.#chunkMs,
    });
  }

  complete(request: Request, result: TxnResult | null): void {
    if (this.#state === 'closed') return;
    if (request.op === OpCode.createSession) {
      if (result?.err === 0) this.established(this.sessionId, this.timeoutMs);
      else this.refused();
      return;
    }
    const head = this.#pending.peek();
    if (head?.request !== request) {
      this.close('a transaction was answered out of order', true);
      return;
    }
    this.#pending.shift();
    const server = this.#server!;
    server.requestEnded();
    // Upstream counts a sync, which has no transaction, among the reads.
    this.#measure(server, request.arrivedMs, result === null ? server.readLatency : server.updateLatency);
    if (request.op === OpCode.sync) this.#replySync(head, server);
    else this.#replyWrite(head, request, result, server);
    if (request.op === OpCode.closeSession) this.end();
    else if (this.#pending.length > 0) this.#drain();
    if (this.#pending.length <= PENDING_MAX / 2) this.gate.release(Hold.turns);
  }

  #replySync(head: Pending, server: ZooKeeperServer): void {
    const body = server.replies.begin();
    body.writeRaw(head.bytes, head.start, head.end);
    this.#send(server, head.xid, head.op, server.lastProcessedZxid, ErrorCode.OK);
  }

  #replyWrite(head: Pending, request: Request, result: TxnResult | null, server: ZooKeeperServer): void {
    const err = result?.err ?? ErrorCode.OK;
    if (err === ErrorCode.SESSIONMOVED) {
      this.close('the session has moved to another server');
      return;
    }
    const body = server.replies.begin();
    if (result?.type === OpCode.multi) {
      writeMultiReply(body, result, partTypes(new JuteReader(head.bytes, head.start, head.end)));
    } else if (result !== null && err === ErrorCode.OK) {
      writeTxnReply(body, result, server.parts.database.tree.ownerLayout);
    }
    // A failed multi reports OK in the header and its codes in the parts. [V]
    const code = result?.type === OpCode.multi ? ErrorCode.OK : err;
    this.#send(server, head.xid, head.op, request.header?.zxid ?? server.lastProcessedZxid, code);
  }

  /** Answers what has come to the head of the session's order. */
  #drain(): void {
    for (;;) {
      const head = this.#pending.peek();
      if (head === undefined || head.request !== null || this.#state !== 'open') return;
      this.#pending.shift();
      if (head.refusal === ErrorCode.OK) {
        this.#answerRead(head.xid, head.op, this.#reader.reset(head.bytes, head.start, head.end));
      } else {
        this.#refuse(head.xid, head.op, head.refusal);
      }
    }
  }

  #answerRead(xid: number, op: number, reader: JuteReader): void {
    const server = this.#server!;
    const body = server.replies.begin();
    if (op === OpCode.ping) {
      this.#send(server, Xid.ping, op, server.lastProcessedZxid, ErrorCode.OK);
      return;
    }
    let err: number;
    try {
      err = server.final.read(op, reader, this, body);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      err = ErrorCode.MARSHALLINGERROR;
    }
    if (err === ErrorCode.UNIMPLEMENTED) {
      this.#refuse(xid, op, err);
      return;
    }
    this.#send(server, xid, op, server.lastProcessedZxid, err);
    this.#measure(server, this.#chunkMs, server.readLatency);
  }

  /** An operation that no server has ends the connection; one that needs extendedTypesEnabled does not. [V] */
  #refuse(xid: number, op: number, code: number): void {
    const server = this.#server!;
    const unknown = code === ErrorCode.UNIMPLEMENTED && op !== OpCode.createTTL;
    server.replies.begin();
    this.#send(server, xid, op, unknown ? -1 : server.lastProcessedZxid, code);
    if (unknown) this.close(`operation ${op} is not known`, true);
  }

  #send(server: ZooKeeperServer, xid: number, op: number, zxid: number, err: number): void {
    if (!this.#output.reply(server.replies, xid, op, zxid, err, server.parts.stats)) this.#relieve();
  }

  #measure(server: ZooKeeperServer, arrivedMs: number, kind: Summary): void {
    const nowMs = server.parts.clock.monotonicMs();
    const latencyMs = nowMs - arrivedMs;
    server.parts.stats.addLatency(latencyMs);
    kind.add(latencyMs);
    this.stats.addLatency(latencyMs);
    this.stats.lastResponseMs = nowMs;
  }

  /** The client does not keep up: nothing more is read from it, and there is an end to what is kept for it. */
  #relieve(): void {
    this.gate.hold(Hold.output);
    const { bytesQueued } = this.#output;
    if (bytesQueued > OUTPUT_BYTES_MAX) {
      this.close(`${bytesQueued} bytes wait for a client that does not read`, true);
    }
  }

  drained(): void {
    this.gate.release(Hold.output);
  }

  /** A watch fires. Who may not read the node now hears nothing of it. @see CVE-2024-23944 */
  process(type: number, path: string, zxid: number, acl: readonly Acl[]): void {
    const server = this.#server;
    if (server === null || this.#state !== 'open') return;
    const { config, database } = server.parts;
    if (!config.skipAcl && !database.tree.aclDecisions.allows(acl, Perms.READ, this.#ids.all)) return;
    this.stats.lastZxid = zxid;
    if (!this.#output.event(type, path, server.parts.stats)) this.#relieve();
  }

  #authenticate(xid: number, reader: JuteReader): void {
    const server = this.#server!;
    const { scheme, auth } = readAuthRequest(reader);
    const ok = this.#ids.prove(scheme, auth, server.parts.config);
    server.replies.begin();
    this.#send(server, xid, OpCode.auth, 0, ok ? ErrorCode.OK : ErrorCode.AUTHFAILED);
    if (!ok) {
      server.parts.metrics.counter('auth_failed_count').add();
      this.close(`authentication with scheme ${printable(scheme)} failed`, true);
    }
  }

  /**
   * A server without SASL answers a token with none, and its client says AUTH_FAILED to the application. Were the
   * connection closed instead, the client would come back with the same token without end. [V]
   */
  #declineSasl(xid: number, reader: JuteReader): void {
    const server = this.#server!;
    reader.readBuffer();
    server.replies.begin().writeBuffer(null);
    this.#send(server, xid, OpCode.sasl, 0, ErrorCode.OK);
  }

  /** Called again and again: the pings of a client that is not read from are not seen. */
  touchWhileHeld(): void {
    if (this.#state !== 'open') return;
    if (this.gate.isHeldAlive(this.#output.bytesQueued)) this.#server!.touch(this);
  }

  /** After the last reply of a closed session. */
  end(): void {
    this.#finish();
    this.#connection.end();
  }

  /** What was written still leaves. `warn` for what a person should see in the log. */
  close(reason: string, warn = false): void {
    if (this.#state === 'closed') return;
    const fields = {
      from: this.remote,
      session: sessionIdHex(this.sessionId),
      last: this.stats.lastOperation,
    };
    if (warn) this.#host.logger.warn(`client connection closed: ${reason}`, fields);
    else this.#host.logger.debug(`client connection closed: ${reason}`, fields);
    this.#finish();
    this.#connection.end();
  }

  /** The socket is gone, from whichever side. */
  onSocketClosed(): void {
    this.#finish();
  }

  #finish(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#frames.stop();
    this.gate.leave();
    for (const waiting of this.#pending) if (waiting.request !== null) this.#server?.requestEnded();
    this.#pending.clear();
    this.#server?.removeConnection(this);
    this.#host.closed(this);
  }
}
