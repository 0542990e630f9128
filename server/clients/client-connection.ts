import type { ProviderRegistry } from '../auth/provider-registry.ts';
import { highOf, lowOf } from '../collections/long-map.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { Request } from '../processors/request.ts';
import { Hold } from '../processors/server-cnxn.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { formatAddress } from '../runtime/host-address.ts';
import type { Logger } from '../runtime/logger.ts';
import type { RatedLog } from '../runtime/rated-log.ts';
import type { Clock, Connection } from '../runtime/runtime.ts';
import { sessionIdHex, sessionPassword } from '../sessions/session-id.ts';
import type { TxnResult } from '../tree/data-tree.ts';
import type { TurnBudget } from '../turns/turn-budget.ts';
import type { TurnQueue, TurnWorker } from '../turns/turn-queue.ts';
import { type Acl, type Id, Perms } from '../wire/acl.ts';
import { type ConnectRequest, readConnectRequest } from '../wire/connect.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { ClientIdentities } from './client-identities.ts';
import { ClientInput } from './client-input.ts';
import { ClientOutput, EVENT_BYTES_MAX } from './client-output.ts';
import { ConnectionStats } from './connection-stats.ts';
import { judgeHello } from './hello.ts';
import type { InputLedger } from './input-ledger.ts';
import type { OutputLedger } from './output-ledger.ts';
import { ReadGate } from './read-gate.ts';
import { type SessionClient, SessionRequests } from './session-requests.ts';
import { WaitingSession } from './waiting-session.ts';

const LENGTH_BYTES = 4;

/** The port's side of a connection. */
export interface ConnectionHost {
  readonly logger: Logger;
  /** For what any client can cause. */
  readonly lines: RatedLog;
  readonly events: ServerEvents;
  readonly providers: ProviderRegistry;
  /** The largest frame a client may send. jute.maxbuffer */
  readonly frameBytesMax: number;
  readonly sessionTimeouts: { readonly minMs: number; readonly maxMs: number };
  /** Divides the turns of the loop among all connections. */
  readonly turns: TurnQueue;
  /** What is kept of the input of all, and of the output. */
  readonly input: InputLedger;
  readonly outputs: OutputLedger;
  /** More is kept than may be: those that keep most are to go. */
  relieve(): void;
  /** The server while one serves. */
  server(): ZooKeeperServer | null;
  closed(connection: ClientConnection): void;
}

/**
 * One client: frames in, replies and watch events out. @see docs/wire.md "Client connections"; NIOServerCnxn
 */
export class ClientConnection implements SessionClient, TurnWorker {
  readonly #connection: Connection;
  readonly #host: ConnectionHost;
  readonly input: ClientInput;
  readonly ids: ClientIdentities;
  readonly gate: ReadGate;
  readonly output: ClientOutput;
  #server: ZooKeeperServer | null = null;
  #requests: SessionRequests | null = null;
  /** In place of `#requests`, while no server serves it. */
  #waiting: WaitingSession | null = null;
  #state: 'new' | 'connecting' | 'open' | 'moving' | 'closed' = 'new';
  #hello: ConnectRequest | null = null;
  #peerEnded = false;
  sessionId = 0n;
  /** The halves of `sessionId`, for look-ups on the path of every request. */
  sessionHigh = 0;
  sessionLow = 0;
  timeoutMs = 0;
  /** Monotonic. */
  readonly openedMs: number;
  /** Monotonic ms at which the bytes that are being taken came. */
  arrivedMs = 0;
  readonly stats: ConnectionStats;
  turnTag = 0;
  inLine = false;
  watchBytes = 0;
  #answerBytes = 0;

  constructor(connection: Connection, host: ConnectionHost, clock: Clock) {
    this.#connection = connection;
    this.#host = host;
    this.openedMs = clock.monotonicMs();
    this.stats = new ConnectionStats(clock.wallMs());
    this.output = new ClientOutput(connection, this.stats, () => this.#onSlow());
    this.gate = new ReadGate(connection);
    const { remote, peerCertificate: certificate } = connection;
    this.ids = new ClientIdentities({ host: remote.host, certificate }, host.providers);
    this.input = new ClientInput(host.frameBytesMax, host.input, this);
  }

  get remote(): string {
    return formatAddress(this.#connection.remote);
  }

  get outstanding(): number {
    return this.#requests?.outstanding ?? this.#waiting?.order.length ?? 0;
  }

  /** As `cons` shows it: 1 while it is read from, 4 while something waits to be written to it. */
  get interestOps(): number {
    if (this.isWord) return 0;
    return (this.gate.open ? 1 : 0) | (this.output.bytesQueued > 0 ? 4 : 0);
  }

  /** It asked a four-letter word, and there will be no session. */
  isWord = false;

  get hasSession(): boolean {
    return this.#state === 'open' || this.#state === 'moving';
  }

  identities(): readonly Id[] {
    return this.ids.all;
  }

  /** Bytes of one read from the socket. */
  feed(chunk: Buffer, nowMs: number): void {
    this.arrivedMs = nowMs;
    this.input.frames.add(chunk);
    this.#host.turns.arrived(this, nowMs);
  }

  /** What has come is worked on later. Until then nothing more is read. */
  lined(): void {
    this.gate.hold(Hold.line);
    this.#recount();
  }

  /**
   * Answers what can be answered and takes what has come. Anything malformed closes this connection and harms
   * nothing else.
   */
  work(budget: TurnBudget): boolean {
    let hasMore = false;
    try {
      hasMore = this.#work(budget);
    } catch (error) {
      // Anything else is a fault of this server, which must not be mistaken for one of the client.
      if (!(error instanceof JuteError)) throw error;
      this.close(`malformed input: ${error.message}`, true);
    }
    this.#requests?.measureReads();
    if (!hasMore) {
      this.gate.release(Hold.line);
      this.#recount();
      this.#endIfDone();
    }
    return hasMore;
  }

  #work(budget: TurnBudget): boolean {
    const { frames } = this.input;
    let isTouched = false;
    for (let pieces = 0; this.#state !== 'closed'; pieces++) {
      const answers = this.#requests?.isAnswerable === true;
      if (answers ? this.gate.isHeld(Hold.output) : !this.gate.mayTake || !frames.peek()) return false;
      if (pieces > 0 && budget.sliceIsOver) return true;
      if (answers) {
        this.#requests!.answerOldest();
        continue;
      }
      // Once for all that came together: it costs as much as a tenth of a read.
      if (!isTouched && this.#state === 'open') {
        this.#server!.touch(this);
        isTouched = true;
      }
      if (!this.#take()) return false;
    }
    return false;
  }

  /** The frame at hand. False when it has to wait: then it stays where it is, and the gate is held. */
  #take(): boolean {
    const { bytes, start, end } = this.input.frames;
    if (this.#state === 'new') {
      const server = this.#host.server();
      if (server !== null && !server.hasRoom) {
        server.waitForRoom(this);
        return false;
      }
      this.#onHello(bytes, start, end);
    } else if (!this.#requests!.take(bytes, start, end)) return false;
    this.input.frames.take();
    return true;
  }

  #recount(): void {
    this.input.recount(this.#requests ?? this.#waiting);
    if (this.#host.input.isOver) this.#host.relieve();
  }

  hold(reason: Hold): void {
    this.gate.hold(reason);
  }

  /** What `reason` held goes on, later in this turn or in another. */
  release(reason: Hold): void {
    if (!this.gate.isHeld(reason)) return;
    this.wake();
    this.gate.release(reason);
  }

  /** There is something to answer or to take. */
  wake(): void {
    if (this.#state === 'closed') return;
    if (this.input.frames.hasMore || this.#requests?.isAnswerable === true) this.#host.turns.wake(this);
  }

  #onHello(bytes: Buffer, start: number, end: number): void {
    const hello = readConnectRequest(new JuteReader(bytes, start, end));
    const server = this.#host.server();
    if (server === null) {
      this.close('not serving');
      return;
    }
    const frameBytes = LENGTH_BYTES + end - start;
    this.stats.received(frameBytes);
    server.parts.stats.received(frameBytes);
    this.#server = server;
    this.#requests = new SessionRequests(this, server, this.#host.input);
    server.parts.metrics.counter('connection_request_count').add();
    const verdict = judgeHello(hello, server.lastProcessedZxid, this.#host.sessionTimeouts);
    if (verdict.kind === 'close') {
      this.#tellRefused(hello.sessionId, verdict.reason);
      this.close(verdict.reason);
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
        this.#tellRefused(sessionId, verdict.reason);
        this.refused();
    }
  }

  #tellRefused(sessionId: bigint, reason: string): void {
    const session = sessionId === 0n ? null : sessionIdHex(sessionId);
    this.#host.events.emit({ kind: 'clientRefused', from: this.remote, session, reason });
  }

  /** The session stands: the client is told, and its requests are taken. */
  established(sessionId: bigint, timeoutMs: number): void {
    if (this.#state === 'moving') {
      this.#goOn(this.#server!, timeoutMs);
      return;
    }
    if (this.#state !== 'connecting' || this.#server === null) return;
    this.#setSession(sessionId, timeoutMs);
    this.#server.bindSession(this);
    this.#state = 'open';
    this.#sendConnectResponse(timeoutMs, sessionId, sessionPassword(sessionId));
    this.release(Hold.session);
  }

  /** The session is gone, or never was this client's. */
  refused(): void {
    if (this.#state === 'moving') {
      this.close('the next server does not know its session');
      return;
    }
    if (this.#state !== 'connecting') return;
    this.sessionId = 0n;
    this.#sendConnectResponse(0, 0n, Buffer.alloc(16));
    this.close('session refused');
  }

  /**
   * The server behind it is about to end. True when it waits for the next. A client whose session does not
   * stand yet, or is about to end, is closed.
   */
  leave(nowMs: number): boolean {
    const server = this.#server;
    if (server === null || this.#state === 'closed') return false;
    if (this.#state === 'moving') server.letGo(this);
    else if (this.#state === 'connecting' || this.#isLeaving) this.close('its server ends');
    else this.#wait(server, nowMs);
    return this.#state === 'moving';
  }

  #wait(former: ZooKeeperServer, nowMs: number): void {
    this.gate.hold(Hold.session);
    this.#state = 'moving';
    this.#waiting = new WaitingSession(this.#requests!.leave(), former, nowMs);
    this.#requests = null;
    former.letGo(this);
    this.gate.release(Hold.requests);
    this.gate.release(Hold.room);
    this.#recount();
  }

  /** `next` serves it from now on, if it can. */
  join(next: ZooKeeperServer): void {
    const problem = this.#waiting!.problemWith(next);
    if (problem !== null) {
      this.close(problem);
      return;
    }
    this.#server = next;
    next.addConnection(this);
    next.renewSession(this, this.sessionId, this.timeoutMs);
  }

  /** The next server knows the session. The client is told nothing but what its requests have come to. */
  #goOn(server: ZooKeeperServer, timeoutMs: number): void {
    const { order } = this.#waiting!;
    order.abandon(server.codeOfAbandoned);
    this.#requests = new SessionRequests(this, server, this.#host.input, order);
    this.#waiting = null;
    this.#state = 'open';
    this.timeoutMs = timeoutMs;
    server.bindSession(this);
    this.#recount();
    this.release(Hold.session);
  }

  get #isLeaving(): boolean {
    return this.#peerEnded || this.#requests?.ends === true;
  }

  /** No server has come within its session's timeout: the ensemble has given the session up. */
  waitsInVain(nowMs: number): boolean {
    return this.#waiting !== null && this.#waiting.waitedMs(nowMs) > this.timeoutMs;
  }

  #setSession(sessionId: bigint, timeoutMs: number): void {
    this.sessionId = sessionId;
    this.sessionHigh = highOf(sessionId);
    this.sessionLow = lowOf(sessionId);
    this.timeoutMs = timeoutMs;
  }

  #sendConnectResponse(timeoutMs: number, sessionId: bigint, password: Buffer): void {
    const readOnly = this.#hello?.readOnly === undefined ? undefined : false;
    const response = { protocolVersion: 0, timeoutMs, sessionId, password, readOnly };
    this.output.connectResponse(response, this.#server!.parts.stats);
  }

  /** @see SessionRequests.headWrite */
  headWrite(cxid: number): Request | null {
    return this.#requests?.headWrite(cxid) ?? null;
  }

  /** The request that stands for a session being opened through this connection. */
  sessionRequest(op: number, sessionId: bigint, timeoutMs: number): Request {
    const body = Buffer.alloc(4);
    body.writeInt32BE(timeoutMs);
    this.#setSession(sessionId, timeoutMs);
    return this.#requests!.request(0, op, body, 0, 4);
  }

  complete(request: Request, result: TxnResult | null): void {
    if (this.#state === 'closed') return;
    if (request.op !== OpCode.createSession) {
      const requests = this.#requests!;
      const bytesBefore = requests.submittedBytes;
      requests.complete(request, result);
      // Many requests of one chunk are done one after the other: only the last frees it.
      if (requests.submittedBytes !== bytesBefore) this.#recount();
      this.#endIfDone();
    } else if (result?.err === 0) {
      this.#requests!.sessionMade(request);
      this.established(this.sessionId, this.timeoutMs);
    } else {
      this.refused();
    }
  }

  /**
   * The client sends no more. True when there is something to answer yet: then the connection ends behind
   * that.
   */
  peerEnded(): boolean {
    this.#peerEnded = true;
    return this.#isAsked;
  }

  get #isAsked(): boolean {
    return this.input.frames.hasMore || this.outstanding > 0;
  }

  #endIfDone(): void {
    if (this.#peerEnded && !this.#isAsked) this.close('the client has left');
  }

  /** The client does not keep up: nothing more is answered before it has read what waits for it. */
  relieve(): void {
    this.gate.hold(Hold.output);
    if (this.#host.outputs.isOver) this.#host.relieve();
  }

  keepsAnswer(bytes: number): void {
    if (bytes === this.#answerBytes) return;
    this.#host.outputs.add(bytes - this.#answerBytes);
    this.#answerBytes = bytes;
    if (this.#host.outputs.isOver) this.#host.relieve();
  }

  /** What waits for it to read, and what is made for it. */
  get outputBytes(): number {
    return this.output.bytesQueued + this.#answerBytes;
  }

  drained(): void {
    this.output.drained();
    this.release(Hold.output);
  }

  /** A watch fires. Who may not read the node now hears nothing of it. @see CVE-2024-23944 */
  process(type: number, path: string, zxid: number, acl: readonly Acl[]): void {
    const server = this.#server;
    if (server === null || !this.hasSession) return;
    server.eventsFired++;
    const { config, access } = server.parts;
    if (!config.skipAcl && !access.allows(acl, Perms.READ, this.ids.all)) return;
    this.stats.lastZxid = zxid;
    if (!this.output.event(type, path, server.parts.stats, server.events)) this.#onSlow();
  }

  /** The client does not keep up with events. */
  #onSlow(): void {
    if (this.#state === 'closed') return;
    this.relieve();
    const { eventBytesWaiting } = this.output;
    if (eventBytesWaiting > EVENT_BYTES_MAX)
      this.cut(`${eventBytesWaiting} bytes of watch events wait for a client that does not read`);
  }

  watchRefused(): void {
    const { metrics, database } = this.#server!.parts;
    metrics.counter('watch_refused_count').add();
    this.#host.lines.warn('watches that are refused', 'watch refused: its client has too many, or all have', {
      from: this.remote,
      session: sessionIdHex(this.sessionId),
      watchBytes: this.watchBytes,
      watchBytesOfAll: database.tree.watchMemory.bytes,
    });
  }

  /** Called again and again: the pings of a client that is not read from are not seen. */
  touchWhileHeld(): void {
    if (this.#state !== 'open') return;
    if (this.gate.isHeldAlive(this.output.bytesQueued)) this.#server!.touch(this);
  }

  /** After the last reply of a closed session. */
  end(): void {
    this.#finish();
    this.#connection.end();
  }

  /** What was written still leaves. `warn` for what a person should see in the log. */
  close(reason: string, warn = false): void {
    if (this.#state === 'closed') return;
    this.#logClose(reason, warn);
    this.#finish();
    this.#connection.end();
  }

  /** What was written and has not left is lost. */
  cut(reason: string): void {
    if (this.#state !== 'closed') this.#logClose(reason, true);
    this.#finish();
    this.#connection.destroy(reason);
  }

  #logClose(reason: string, warn: boolean): void {
    const fields = {
      from: this.remote,
      session: sessionIdHex(this.sessionId),
      last: this.stats.lastOperation,
    };
    const message = `client connection closed: ${reason}`;
    if (warn) this.#host.lines.warn('closed client connections', message, fields);
    else this.#host.logger.debug(message, fields);
  }

  /** The socket is gone, from whichever side. */
  onSocketClosed(): void {
    this.#finish();
  }

  #finish(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'new') this.#host.server()?.waitsNoMore(this);
    this.#state = 'closed';
    this.gate.leave();
    this.output.dropEvents();
    this.#requests?.forget();
    this.input.stop();
    this.#server?.removeConnection(this);
    this.#host.closed(this);
  }
}
