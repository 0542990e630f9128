import type { Address, Clock, Connection, Network, Timer } from '../../../server/runtime/runtime.ts';
import { readConnectResponse } from '../../../server/wire/connect.ts';
import { FrameReader } from '../../../server/wire/frames.ts';
import { JuteError, JuteReader } from '../../../server/wire/jute.ts';
import { Xid } from '../../../server/wire/opcodes.ts';
import { EventType, KeeperState, readWatcherEvent } from '../../../server/wire/watch-event.ts';
import { isWrite } from '../../checkers/history.ts';
import type { ReaderState } from '../../checkers/read-only-record.ts';
import type { WatchEventName, WatchKind } from '../../checkers/run-record.ts';
import { FIRED_BY } from '../../checkers/watches.ts';
import {
  closeFrame,
  completionOf,
  connectFrame,
  pingFrame,
  requestFrame,
  setWatchesFrame,
} from './client-codec.ts';
import { requestBelow, withoutRoot, withRoot } from './client-root.ts';
import {
  type Completion,
  type HistoryRecorder,
  type Invocation,
  type OpenConnection,
  watchLeftBy,
} from './history-recorder.ts';
import { outcomeAt } from './read-only-outcome.ts';

export interface RecordingClientOptions {
  process: number;
  clock: Clock;
  network: Network;
  /** Tried in turn; each client starts at another one. */
  servers: readonly Address[];
  recorder: HistoryRecorder;
  /** A znode below which all of its paths lie; the history has them without it. @default none */
  root?: string;
  sessionTimeoutMs: number;
  /**
   * The client says that a read-only server is enough (`canBeReadOnly`). `agreed`: its servers show nothing
   * but what a quorum has accepted, and keep its connection. `anything`: they may be upstream's read-only
   * servers. Undefined: the client does not say so.
   */
  readOnly?: 'agreed' | 'anything';
  note: (what: string) => void;
  /** A server broke the protocol itself, apart from what was read or written. */
  onViolation: (what: string) => void;
  onReady?: () => void;
}

interface Pending {
  readonly xid: number;
  readonly operation: number;
  readonly invocation: Invocation;
  readonly sentAtMs: number;
  /** What the client knew of its server, and how often that had changed. */
  readonly state: ReaderState;
  readonly stateChanges: number;
  readonly onAnswer: ((answer: Answer) => void) | undefined;
}

/** What became of a request; `info`: nobody knows. */
export interface Answer {
  readonly type: 'ok' | 'fail' | 'info';
  readonly completion: Completion;
}

/** The client's own reasons to end a connection. */
const OWN_WISHES: ReadonlySet<string> = new Set(['moves on', 'the client died', 'session closed']);

/** Indexed by the number of the event on the wire. */
const EVENT_NAMES: readonly (WatchEventName | undefined)[] = [
  undefined,
  'created',
  'deleted',
  'dataChanged',
  'childrenChanged',
];
const FRAME_BYTES_MAX = 4 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 1000;
const RECONNECT_MS = 50;
const NO_PASSWORD = Buffer.alloc(16);
const WRONG_PASSWORD = Buffer.alloc(16, 0x5a);

export type Request = Omit<Invocation, 'process' | 'session'>;

/**
 * A ZooKeeper client for simulations, and for real ensembles when its Runtime is real. It speaks the wire
 * protocol, keeps one session over reconnects as real clients do, and records every operation in the history.
 */
export class RecordingClient {
  readonly #options: RecordingClientOptions;
  readonly #reader = new JuteReader();
  #next: number;
  #connection: Connection | undefined;
  #established = false;
  #closed = false;
  #sessionId = 0n;
  #password: Buffer = NO_PASSWORD;
  #timeoutMs: number;
  #lastZxidSeen = 0;
  #xid = 0;
  #pending: Pending[] = [];
  #timers: Timer[] = [];
  #heardAtMs = 0;
  /** Watches whose events the session still expects. */
  #watches: { readonly kind: WatchKind; readonly path: string }[] = [];
  /** As the server has told it. */
  #state: ReaderState = 'connected';
  #stateChanges = 0;
  #record: OpenConnection | undefined;
  /** Its present server, as "host:port". */
  #server = '';
  #quietUntilMs = 0;
  #isImpostor = false;
  #onEventOf: (path: string) => void = () => {};

  constructor(options: RecordingClientOptions) {
    this.#options = options;
    this.#next = options.process;
    this.#timeoutMs = options.sessionTimeoutMs;
    this.#dial();
  }

  get process(): number {
    return this.#options.process;
  }

  /** False while there is no session to send on. */
  get ready(): boolean {
    return this.#established;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Of its session, as the server has granted it. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** On the clock of the history. */
  get nowMs(): number {
    return this.#options.recorder.nowMs;
  }

  get session(): string {
    return this.#sessionId.toString(16);
  }

  /** @param onAnswer told once, and asynchronously */
  send(request: Request, onAnswer?: (answer: Answer) => void): void {
    const connection = this.#connection;
    if (!this.#established || connection === undefined) throw new Error('no session to send on');
    const asked = this.#showsAnything ? { ...request, watch: false } : request;
    const invocation = { process: this.#options.process, session: this.session, ...asked };
    const operation = this.#options.recorder.invoke(invocation);
    this.#xid = (this.#xid + 1) & 0x7fff_ffff;
    const sentAtMs = this.#options.clock.monotonicMs();
    const known = { state: this.#state, stateChanges: this.#stateChanges };
    this.#pending.push({ xid: this.#xid, operation, invocation, sentAtMs, ...known, onAnswer });
    connection.write(requestFrame(this.#xid, requestBelow(this.#root, invocation)));
  }

  get #root(): string {
    return this.#options.root ?? '';
  }

  /** Its server may show what no quorum has accepted. A watch on that would say nothing. */
  get #showsAnything(): boolean {
    return this.#state === 'read-only' && this.#options.readOnly === 'anything';
  }

  /** The paths of watch events go there from now on, in place of any listener before. */
  listen(onEventOf: (path: string) => void): void {
    this.#onEventOf = onEventOf;
  }

  /** Sends no pings for that time, as a process that stands still. Its connection stays open. */
  hush(forMs: number): void {
    this.#quietUntilMs = this.#options.clock.monotonicMs() + forMs;
  }

  /** Disconnects from its server and takes the session to the next one. */
  move(): void {
    this.#connection?.destroy('moves on');
  }

  /**
   * Moves like somebody who knows the id of its session and not the password. The next server has to
   * refuse.
   */
  moveWithWrongPassword(): void {
    this.#isImpostor = true;
    this.move();
  }

  /** Dies like a process: the session is left to expire, and a new one begins. */
  vanish(forEver = false): void {
    this.#closed = forEver;
    this.#forgetSession();
    this.#connection?.destroy('the client died');
  }

  #forgetSession(): void {
    this.#sessionId = 0n;
    this.#isImpostor = false;
    this.#password = NO_PASSWORD;
    this.#watches = [];
    this.#lastZxidSeen = 0;
  }

  /** Closes the session, as an operation of the history, and does not come back. */
  leave(): void {
    this.send({ f: 'closeSession', path: '' });
    this.#closed = true;
  }

  /** Closes the session in the regular way. */
  close(): void {
    this.#closed = true;
    if (this.#established) this.#connection?.write(closeFrame(this.#xid + 1));
    this.#connection?.end();
  }

  #dial(): void {
    if (this.#closed) return;
    const { servers, network } = this.#options;
    const server = servers[this.#next++ % servers.length] as Address;
    network.connect(server, CONNECT_TIMEOUT_MS, {
      onConnected: connection => (this.#closed ? connection.destroy() : this.#open(connection)),
      onError: () => this.#redial(),
    });
  }

  #redial(): void {
    if (!this.#closed) this.#options.clock.after(RECONNECT_MS, () => this.#dial());
  }

  #open(connection: Connection): void {
    const frames = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) => {
      this.#reader.reset(bytes, start, end);
      if (connection === this.#connection) this.#onFrame();
    });
    this.#connection = connection;
    this.#server = `${connection.remote.host}:${connection.remote.port}`;
    this.#heardAtMs = this.#options.clock.monotonicMs();
    connection.start({
      onData: chunk => this.#feed(connection, frames, chunk),
      onClose: reason => this.#onClose(connection, reason),
    });
    connection.write(
      connectFrame({
        protocolVersion: 0,
        lastZxidSeen: this.#lastZxidSeen,
        timeoutMs: this.#options.sessionTimeoutMs,
        sessionId: this.#sessionId,
        password: this.#isImpostor ? WRONG_PASSWORD : this.#password,
        readOnly: this.#options.readOnly !== undefined,
      }),
    );
    const checkMs = this.#timeoutMs / 3;
    this.#timers.push(this.#options.clock.every(checkMs, () => this.#keepAlive(connection)));
  }

  #feed(connection: Connection, frames: FrameReader, chunk: Buffer): void {
    try {
      frames.feed(chunk);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.#options.onViolation(`unreadable reply from ${connection.remote.host}: ${error.message}`);
      connection.destroy('unreadable reply');
    }
  }

  /** Leaves a server that sends nothing, or does not answer a request, for the next one. */
  #keepAlive(connection: Connection): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#quietUntilMs) {
      this.#heardAtMs = nowMs;
      return;
    }
    const waitedMs = nowMs - (this.#pending[0]?.sentAtMs ?? nowMs);
    if (nowMs - this.#heardAtMs > (this.#timeoutMs * 2) / 3) connection.destroy('silent server');
    else if (waitedMs > this.#timeoutMs) connection.destroy('request timed out');
    else if (this.#established) connection.write(pingFrame());
  }

  #onClose(connection: Connection, reason: string): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#established = false;
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#options.note(`disconnected from ${connection.remote.host}: ${reason}`);
    this.#recordEnd(reason);
    this.#abandonPending(reason);
    this.#redial();
  }

  #recordEnd(reason: string): void {
    const record = this.#record;
    if (record === undefined) return;
    this.#record = undefined;
    const asksForEnd = this.#pending.some(({ invocation }) => invocation.f === 'closeSession');
    record.untilMs = this.#options.recorder.nowMs;
    record.reason = reason;
    record.wasWanted = asksForEnd || this.#closed || OWN_WISHES.has(reason);
  }

  /** A pending write may have happened or not. An unanswered read did nothing. */
  #abandonPending(reason: string): void {
    for (const { operation, invocation, onAnswer } of this.#pending.splice(0)) {
      const type = isWrite(invocation.f) ? 'info' : 'fail';
      this.#options.recorder.complete(operation, type, invocation, { error: reason });
      onAnswer?.({ type, completion: { error: reason } });
    }
  }

  #onFrame(): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
    if (!this.#established) this.#onConnectResponse();
    // Behind the end of its session, on a connection that is being closed, an answer or an event is nobody's.
    // Apache ZooKeeper still answers what was sent behind a closeSession.
    else if (this.#sessionId !== 0n) this.#onReply();
  }

  #onConnectResponse(): void {
    const { timeoutMs, sessionId, password, readOnly } = readConnectResponse(this.#reader);
    if (this.#isImpostor) {
      this.#isImpostor = false;
      if (timeoutMs > 0) this.#options.onViolation(`session ${this.session} was given to a wrong password`);
      this.#connection?.destroy('moves on');
      return;
    }
    if (timeoutMs <= 0) {
      this.#options.note(`session ${this.session} expired`);
      this.#forgetSession();
      this.#connection?.destroy('session expired');
      return;
    }
    if (this.#sessionId !== 0n && sessionId !== this.#sessionId) {
      this.#options.onViolation(`asked for session ${this.session}, got ${sessionId.toString(16)}`);
    }
    if (readOnly === true && this.#options.readOnly === undefined)
      this.#options.onViolation('a read-only server took a client that had not asked for one');
    const isRenewed = this.#sessionId !== 0n;
    this.#sessionId = sessionId;
    this.#password = Buffer.from(password);
    this.#timeoutMs = timeoutMs;
    this.#established = true;
    this.#state = readOnly === true ? 'read-only' : 'connected';
    this.#stateChanges++;
    this.#recordBegin(isRenewed);
    if (isRenewed) this.#setWatchesAgain();
    this.#options.onReady?.();
  }

  #recordBegin(isRenewed: boolean): void {
    const { process, recorder, readOnly, note } = this.#options;
    const member = this.#connection?.remote.host ?? '';
    note(`session ${this.session} on ${member}${this.#state === 'read-only' ? ', read-only' : ''}`);
    if (!isRenewed) recorder.opened(this.session, member, this.#state);
    if (readOnly === 'agreed')
      this.#record = recorder.readerConnected(process, this.session, member, this.#state);
  }

  /**
   * Sent before any other request, so that no reply on the new connection is newer than an event still due.
   * Watches for a creation are given up, because a znode created and deleted meanwhile rightly leaves no
   * event.
   */
  #setWatchesAgain(): void {
    const kept = this.#showsAnything ? [] : this.#watches.filter(({ kind }) => kind !== 'exist');
    this.#watches = kept;
    this.#options.recorder.moved(this.session, kept.length > 0 ? ['data', 'child'] : []);
    if (kept.length === 0) return;
    const paths = (of: WatchKind) =>
      kept.filter(({ kind }) => kind === of).map(({ path }) => withRoot(this.#root, path));
    this.#connection?.write(setWatchesFrame(this.#lastZxidSeen, paths('data'), paths('child')));
  }

  #onEvent(): void {
    const { type, path: told, state } = readWatcherEvent(this.#reader);
    const path = withoutRoot(this.#root, told) ?? told;
    if (type === EventType.none) this.#onState(state);
    const event = EVENT_NAMES[type];
    if (event === undefined) return;
    this.#watches = this.#watches.filter(watch => watch.path !== path || !FIRED_BY[watch.kind].has(event));
    this.#options.recorder.event(this.#options.process, this.session, event, path, this.#state);
    this.#onEventOf(path);
  }

  /** An observer has lost its master, or has one again. */
  #onState(state: number): void {
    this.#state = state === KeeperState.connectedReadOnly ? 'read-only' : 'connected';
    this.#stateChanges++;
    this.#record?.states.push(this.#state);
    this.#options.note(`is told that its server is ${this.#state}`);
  }

  #remember(kind: WatchKind, path: string): void {
    const isNew = !this.#watches.some(watch => watch.kind === kind && watch.path === path);
    if (isNew) this.#watches.push({ kind, path });
  }

  #onReply(): void {
    const xid = this.#reader.readInt();
    const zxid = this.#reader.readLong();
    const err = this.#reader.readInt();
    if (xid === Xid.notification) this.#onEvent();
    if (xid === Xid.notification || xid === Xid.ping || xid === Xid.setWatches) return;
    const pending = this.#pending.shift();
    if (pending === undefined || pending.xid !== xid) {
      if (!this.#closed)
        this.#options.onViolation(`reply to xid ${xid}, ${pending?.xid ?? 'nothing'} was next`);
      return;
    }
    if (zxid > 0) this.#lastZxidSeen = zxid;
    const { invocation } = pending;
    const knewAll = pending.state === 'read-only' && pending.stateChanges === this.#stateChanges;
    const answer = completionOf(invocation.f, zxid, err, this.#reader);
    const known = { isKnown: knewAll, showsAnything: this.#showsAnything };
    const { type, completion: said } = outcomeAt(answer, invocation.f, known);
    const created = said.created === undefined ? undefined : withoutRoot(this.#root, said.created);
    const completion = { ...said, ...(created !== undefined && { created }), server: this.#server };
    const watch = type === 'ok' ? watchLeftBy(invocation, completion) : undefined;
    if (watch !== undefined) this.#remember(watch, invocation.path);
    this.#options.recorder.complete(pending.operation, type, invocation, completion);
    if (invocation.f === 'closeSession' && type === 'ok') {
      this.#forgetSession();
      this.#connection?.destroy('session closed');
    }
    pending.onAnswer?.({ type, completion });
  }
}
