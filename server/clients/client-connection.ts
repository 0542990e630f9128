import { highOf, lowOf } from '../collections/long-map.ts';
import type { Request } from '../processors/request.ts';
import { Hold } from '../processors/server-cnxn.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Clock, Connection } from '../runtime/runtime.ts';
import type { TxnResult } from '../tree/txn-result.ts';
import type { TurnBudget } from '../turns/turn-budget.ts';
import type { TurnWorker } from '../turns/turn-queue.ts';
import type { Acl, Id } from '../wire/acl.ts';
import { readConnectRequest } from '../wire/connect.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { KeeperState } from '../wire/watch-event.ts';
import { ClientInput } from './buffers/client-input.ts';
import { ClientOutput } from './buffers/client-output.ts';
import { ReadGate } from './buffers/read-gate.ts';
import { ClientEvents, type ToldClient } from './client-events.ts';
import { ClientIdentities } from './client-identities.ts';
import { ConnectHandshake, type ConnectingClient } from './connect-handshake.ts';
import type { ConnectionHost } from './connection-host.ts';
import { ConnectionLog } from './connection-log.ts';
import { ConnectionStats } from './connection-stats.ts';
import type { SessionClient } from './requests/session-client.ts';
import { SessionRequests } from './requests/session-requests.ts';
import { WaitingSession } from './requests/waiting-session.ts';

const LENGTH_BYTES = 4;

/**
 * One client connection: frames come in, replies and watch events go out. @see docs/wire.md "Client
 * connections"; NIOServerCnxn
 */
export class ClientConnection implements SessionClient, ConnectingClient, ToldClient, TurnWorker {
  readonly #connection: Connection;
  readonly #host: ConnectionHost<ClientConnection>;
  readonly #log: ConnectionLog;
  readonly #events: ClientEvents;
  readonly input: ClientInput;
  readonly ids: ClientIdentities;
  readonly gate: ReadGate;
  readonly output: ClientOutput;
  #server: ZooKeeperServer | null = null;
  #requests: SessionRequests | null = null;
  /** Replaces `#requests` while no server serves the connection. */
  #waiting: WaitingSession | null = null;
  #state: 'new' | 'connecting' | 'open' | 'moving' | 'closed' = 'new';
  /** Until the client has had its response. */
  #handshake: ConnectHandshake | null = null;
  #peerEnded = false;
  sessionId = 0n;
  /** The halves of `sessionId`, for look-ups on the path of every request. */
  sessionHigh = 0;
  sessionLow = 0;
  timeoutMs = 0;
  canBeReadOnly = false;
  /** Monotonic. */
  readonly openedMs: number;
  /** Monotonic ms at which the bytes now being processed arrived. */
  arrivedMs = 0;
  /** The client sent a four-letter word, so it gets no session. */
  isWord = false;
  readonly stats: ConnectionStats;
  turnTag = 0;
  inLine = false;
  watchBytes = 0;

  constructor(connection: Connection, host: ConnectionHost<ClientConnection>, clock: Clock) {
    this.#connection = connection;
    this.#host = host;
    this.#log = new ConnectionLog(this, host);
    this.openedMs = clock.monotonicMs();
    this.stats = new ConnectionStats(clock.wallMs());
    this.#events = new ClientEvents(this, host);
    this.output = new ClientOutput(connection, this.stats, host.outputs, () => this.#events.onSlow());
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

  get hasSession(): boolean {
    return this.#state === 'open' || this.#state === 'moving';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  identities(): readonly Id[] {
    return this.ids.all;
  }

  /** Takes the bytes of one read from the socket. */
  feed(chunk: Buffer, nowMs: number): void {
    this.arrivedMs = nowMs;
    this.input.frames.add(chunk);
    this.#host.turns.arrived(this, nowMs);
  }

  /** The input waits for a later turn. Until then the server reads nothing more. */
  lined(): void {
    this.gate.hold(Hold.line);
    this.#recount();
  }

  /**
   * Answers the requests that can be answered and takes the input that has arrived. Malformed input closes
   * this connection and harms nothing else.
   */
  work(budget: TurnBudget): boolean {
    let hasMore = false;
    try {
      hasMore = this.#work(budget);
    } catch (error) {
      // Any other error is a bug of this server and must not be blamed on the client.
      if (!(error instanceof JuteError)) throw error;
      this.close(`malformed input: ${error.message}`, true);
    }
    this.#requests?.recordReads();
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
      // The session is touched once per batch: a touch costs a tenth of a read.
      if (!isTouched && this.#state === 'open') {
        this.#server!.touch(this);
        isTouched = true;
      }
      if (!this.#take()) return false;
    }
    return false;
  }

  /**
   * Handles the current frame. Returns false when the frame has to wait: it stays where it is, and the gate
   * is held.
   */
  #take(): boolean {
    const { bytes, start, end, isRoomy } = this.input.frames;
    if (this.#state === 'new') {
      const server = this.#host.server();
      if (server !== null && !server.hasRoom) {
        server.waitForRoom(this);
        return false;
      }
      this.#onConnectRequest(bytes, start, end);
    } else if (!this.#requests!.take(bytes, start, end, isRoomy)) return false;
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

  /** Lifts `reason`; the connection goes on later in this turn or in another one. */
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

  #onConnectRequest(bytes: Buffer, start: number, end: number): void {
    const request = readConnectRequest(new JuteReader(bytes, start, end));
    const server = this.#host.server();
    if (server === null) {
      this.close('not serving');
      return;
    }
    const frameBytes = LENGTH_BYTES + end - start;
    this.stats.received(frameBytes);
    server.parts.stats.received(frameBytes);
    this.#server = server;
    this.canBeReadOnly = request.readOnly === true;
    this.#requests = new SessionRequests(this, server, this.#host.input);
    this.#handshake = new ConnectHandshake(this, server, request, this.#host.events);
    this.#handshake.start(this.#host.sessionTimeouts);
  }

  connecting(): void {
    this.#state = 'connecting';
    this.gate.hold(Hold.session);
    this.#server!.addConnection(this);
  }

  claim(sessionId: bigint): void {
    this.sessionId = sessionId;
  }

  /** The session is established: the client is told, and its requests are taken. */
  established(sessionId: bigint, timeoutMs: number): void {
    if (this.#state === 'moving') {
      this.#goOn(this.#server!, timeoutMs);
      return;
    }
    if (this.#state !== 'connecting' || this.#server === null) return;
    this.#setSession(sessionId, timeoutMs);
    this.#server.bindSession(this);
    this.#state = 'open';
    this.#handshake!.accept(sessionId, timeoutMs);
    this.#handshake = null;
    this.release(Hold.session);
  }

  /** The session has expired or closed, or it was never this client's. */
  refused(): void {
    if (this.#state === 'moving') {
      this.close('the next server does not know its session');
      return;
    }
    if (this.#state !== 'connecting') return;
    this.sessionId = 0n;
    this.#handshake!.refuse();
    this.close('session refused');
  }

  /**
   * The server behind this connection is about to end. Returns true when the connection waits for the next
   * server. A client whose session is not yet established, or is about to end, is closed.
   */
  leave(nowMs: number): boolean {
    const server = this.#server;
    if (server === null || this.#state === 'closed') return false;
    if (this.#state === 'moving') server.letGo(this);
    else if (this.#state === 'connecting' || this.#isLeaving) this.close('its server shuts down');
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

  /** Hands the connection to `next`, which serves it if it can. */
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

  /** The next server knows the session. The client hears of nothing but the outcome of its requests. */
  #goOn(server: ZooKeeperServer, timeoutMs: number): void {
    const { order, wasReadOnly } = this.#waiting!;
    order.abandon(server.codeOfAbandoned);
    this.#requests = new SessionRequests(this, server, this.#host.input, order);
    this.#waiting = null;
    this.#state = 'open';
    this.timeoutMs = timeoutMs;
    server.bindSession(this);
    if (server.isReadOnly !== wasReadOnly)
      this.tellState(server.isReadOnly ? KeeperState.connectedReadOnly : KeeperState.connected);
    this.#recount();
    this.release(Hold.session);
  }

  tellState(state: number): void {
    if (this.#state === 'open') this.#events.tellState(this.#server!, state);
  }

  get #isLeaving(): boolean {
    return this.#peerEnded || this.#requests?.ends === true;
  }

  /** No server took over within the session timeout: the ensemble has expired the session by now. */
  waitsInVain(nowMs: number): boolean {
    return this.#waiting !== null && this.#waiting.waitedMs(nowMs) > this.timeoutMs;
  }

  /**
   * True when the client has asked for no session within `limitMs`. One whose request waits for room at this
   * server has asked. Once the request is under way, the session's timeout counts, as upstream.
   */
  lacksSession(nowMs: number, limitMs: number): boolean {
    if (this.#handshake !== null) return this.#handshake.isLate(nowMs, limitMs);
    const hasAsked = this.gate.isHeld(Hold.room) || this.gate.isHeld(Hold.line);
    return !hasAsked && nowMs - this.openedMs > limitMs;
  }

  #setSession(sessionId: bigint, timeoutMs: number): void {
    this.sessionId = sessionId;
    this.sessionHigh = highOf(sessionId);
    this.sessionLow = lowOf(sessionId);
    this.timeoutMs = timeoutMs;
  }

  /** @see SessionRequests.headWrite */
  headWrite(cxid: number): Request | null {
    return this.#requests?.headWrite(cxid) ?? null;
  }

  /** The request that stands for a session being opened through this connection. */
  sessionRequest(op: number, sessionId: bigint, timeoutMs: number): Request {
    this.#setSession(sessionId, timeoutMs);
    return this.#requests!.sessionRequest(op, timeoutMs);
  }

  complete(request: Request, result: TxnResult | null): void {
    if (this.#state === 'closed') return;
    if (request.op !== OpCode.createSession) {
      const requests = this.#requests!;
      const bytesBefore = requests.submittedBytes;
      requests.complete(request, result);
      // Many requests share one chunk and complete one after the other; only the last of them frees it.
      if (requests.submittedBytes !== bytesBefore) this.#recount();
      this.#endIfDone();
    } else if (result?.err === 0) {
      this.#requests!.sessionMade(request);
      this.established(this.sessionId, this.timeoutMs);
    } else {
      this.refused();
    }
  }

  /** The client sends no more. Returns true when answers are still due: the connection ends after them. */
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

  /** The client reads too slowly: the server answers nothing more before it has read what waits for it. */
  relieve(): void {
    this.gate.hold(Hold.output);
    if (this.#host.outputs.isOver) this.#host.relieve();
  }

  keepsAnswer(bytes: number): void {
    this.output.keepAnswer(bytes);
    if (this.#host.outputs.isOver) this.#host.relieve();
  }

  drained(): void {
    this.output.drained();
    this.release(Hold.output);
  }

  process(type: number, path: string, zxid: number, acl: readonly Acl[]): void {
    if (this.#server !== null && this.hasSession) this.#events.fire(this.#server, type, path, zxid, acl);
  }

  watchRefused(): void {
    const { metrics, database } = this.#server!.parts;
    metrics.counter('watch_refused_count').add();
    this.#log.watchRefused(database.tree.watchMemory.bytes);
  }

  /** Called at intervals, because the pings of a client that the server does not read from are not seen. */
  touchWhileHeld(): void {
    if (this.#state !== 'open') return;
    if (this.gate.isHeldAlive(this.output.bytesQueued)) this.#server!.touch(this);
  }

  /** Ends the connection after the last reply of a closed session. */
  end(): void {
    this.#finish();
    this.#connection.end();
  }

  /**
   * Closes the connection once its output has been sent. `warn` is for reasons that a person should see in
   * the log.
   */
  close(reason: string, warn = false): void {
    if (this.#state === 'closed') return;
    this.#log.closed(reason, warn);
    this.#finish();
    this.#connection.end();
  }

  /** Closes the connection at once; unsent output is lost. */
  cut(reason: string): void {
    if (this.#state !== 'closed') this.#log.closed(reason, true);
    this.#finish();
    this.#connection.destroy(reason);
  }

  /** The socket has closed, from either side. */
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
