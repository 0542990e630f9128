/**
 * The connection of the convenience client: hosts, reconnection, renewal of one session, and a promise per
 * operation. It never repeats an operation: outstanding ones reject with CONNECTIONLOSS when a connection
 * ends.
 */
import { EventEmitter } from 'node:events';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import type { JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { type OpCode, opName, type Xid } from '../../../server/wire/opcodes.ts';
import type { WatcherEvent } from '../../../server/wire/watch-event.ts';
import type { ReplyHandler } from '../session/in-flight.ts';
import { Session, type SessionOptions } from '../session/session.ts';
import type { SessionError } from '../session/session-error.ts';
import { ZkClientError } from './client-error.ts';

export type ClientState = 'connecting' | 'connected' | 'read-only' | 'expired' | 'closed';

export interface ClientOptions {
  timeoutMs?: number;
  readOnly?: boolean;
  /** How long to keep trying all hosts for the first connection. */
  connectTimeoutMs?: number;
  /** Limit for one attempt at one host. */
  attemptTimeoutMs?: number;
  /** Limit for one operation, including the wait for a connection; then OPERATIONTIMEOUT. */
  operationTimeoutMs?: number;
  /** Takes over a session that another client opened. */
  sessionId?: bigint;
  password?: Buffer;
}

const DEFAULTS = {
  timeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  attemptTimeoutMs: 2_000,
  operationTimeoutMs: 15_000,
} as const;

const RETRY_DELAY_MS = { min: 20, max: 500 } as const;
/** Operations that may wait for a connection. */
const WAITING_MAX = 10_000;

interface ClientEvents {
  watch: [event: WatcherEvent, zxid: number];
  state: [state: ClientState];
}

type Submit = (session: Session | undefined) => void;

export class ClientConnection extends EventEmitter<ClientEvents> {
  readonly options: Readonly<ClientOptions>;
  readonly hosts: readonly { host: string; port: number }[];
  #hostAt = 0;
  #state: ClientState = 'connecting';
  #session: Session | undefined;
  #sessionId: bigint;
  #password: Buffer | null;
  #lastZxid = 0;
  #retryDelayMs: number = RETRY_DELAY_MS.min;
  #retryTimer: NodeJS.Timeout | undefined;
  #waiting: Submit[] = [];
  #firstConnect: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #lastError: Error | undefined;

  protected constructor(connectString: string, options: ClientOptions) {
    super();
    this.hosts = parseConnectString(connectString);
    this.options = options;
    this.#sessionId = options.sessionId ?? 0n;
    this.#password = options.password ?? null;
  }

  get state(): ClientState {
    return this.#state;
  }

  get sessionId(): bigint {
    return this.#sessionId;
  }

  get password(): Buffer | null {
    return this.#password;
  }

  /** Negotiated; 0 while not connected. */
  get timeoutMs(): number {
    return this.#session?.timeoutMs ?? 0;
  }

  /** The highest zxid that any reply carried. */
  get lastZxid(): number {
    return Math.max(this.#lastZxid, this.#session?.lastZxid ?? 0);
  }

  /** "host:port" of the present server; undefined while not connected. */
  get server(): string | undefined {
    const options = this.#session?.isOpen ? this.#session.options : undefined;
    return options && `${options.host}:${options.port}`;
  }

  /** Ends the session on the server. Waiting operations reject. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const session = this.#session;
    this.#finish('closed');
    await session?.close();
  }

  /** Ends like a crash: the session lives until it times out. */
  destroy(): void {
    const session = this.#session;
    this.#finish('closed');
    session?.destroy();
  }

  /** Cuts the connection. The client reconnects to the next host and renews its session. */
  dropConnection(): void {
    this.#session?.destroy();
  }

  protected connectFirst(): Promise<void> {
    const { connectTimeoutMs = DEFAULTS.connectTimeoutMs } = this.options;
    return new Promise<void>((resolve, reject) => {
      const giveUp = setTimeout(() => {
        const hosts = this.hosts.map(({ host, port }) => `${host}:${port}`).join(',');
        const why = this.#lastError?.message ?? 'no answer';
        this.#fail(ErrorCode.CONNECTIONLOSS, `no session at ${hosts} within ${connectTimeoutMs} ms (${why})`);
      }, connectTimeoutMs);
      this.#firstConnect = {
        resolve: () => {
          clearTimeout(giveUp);
          resolve();
        },
        reject: error => {
          clearTimeout(giveUp);
          reject(error);
        },
      };
      this.#connect();
    });
  }

  /** Sends one operation, once connected. @throws ZkClientError (by rejection) */
  protected request<T>(
    op: OpCode,
    path: string | undefined,
    write: (writer: JuteWriter) => void,
    read: (reader: JuteReader) => T,
  ): Promise<T> {
    return this.#submit(op, path, read, (session, handler) => {
      write(session.begin(op));
      session.end(handler);
    });
  }

  /** Like `request`, for auth and setWatches. */
  protected requestSpecial(
    xid: typeof Xid.auth | typeof Xid.setWatches,
    op: OpCode,
    write: (writer: JuteWriter) => void,
  ): Promise<void> {
    return this.#submit(
      op,
      undefined,
      () => {},
      (session, handler) => session.submitSpecial(xid, op, write, handler),
    );
  }

  #submit<T>(
    op: OpCode,
    path: string | undefined,
    read: (reader: JuteReader) => T,
    send: (session: Session, handler: ReplyHandler) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { operationTimeoutMs = DEFAULTS.operationTimeoutMs } = this.options;
      const fail = (code: number) => reject(new ZkClientError(code, opName(op), path));
      const timer = setTimeout(() => fail(ErrorCode.OPERATIONTIMEOUT), operationTimeoutMs);
      const handler: ReplyHandler = {
        onReply: reply => {
          clearTimeout(timer);
          if (reply.err !== 0) fail(reply.err);
          else settle(() => read(reply.reader), resolve, reject);
        },
        onLost: () => {
          clearTimeout(timer);
          fail(ErrorCode.CONNECTIONLOSS);
        },
      };
      const submit: Submit = session => {
        if (session !== undefined) send(session, handler);
        else {
          clearTimeout(timer);
          fail(this.#state === 'expired' ? ErrorCode.SESSIONEXPIRED : ErrorCode.CONNECTIONLOSS);
        }
      };
      this.#whenConnected(submit);
    });
  }

  #whenConnected(submit: Submit): void {
    const over = this.#state === 'closed' || this.#state === 'expired';
    if (over || this.#session?.isOpen || this.#waiting.length >= WAITING_MAX)
      submit(over ? undefined : this.#open());
    else this.#waiting.push(submit);
  }

  #open(): Session | undefined {
    return this.#session?.isOpen ? this.#session : undefined;
  }

  #connect(): void {
    const { host, port } = this.hosts[this.#hostAt++ % this.hosts.length]!;
    const { timeoutMs = DEFAULTS.timeoutMs, attemptTimeoutMs = DEFAULTS.attemptTimeoutMs } = this.options;
    const options: SessionOptions = {
      host,
      port,
      timeoutMs,
      readOnly: this.options.readOnly ?? false,
      connectTimeoutMs: attemptTimeoutMs,
      sessionId: this.#sessionId,
      password: this.#password,
      lastZxidSeen: this.#lastZxid,
      onWatch: (event, zxid) => this.emit('watch', event, zxid),
      onEnd: error => this.#onDisconnected(error),
    };
    const session = new Session(options);
    this.#session = session;
    session.open().then(
      () => this.#onConnected(session),
      (error: SessionError) => this.#onDisconnected(error),
    );
  }

  #onConnected(session: Session): void {
    if (this.#state === 'closed') session.destroy();
    // The connection can end between the handshake and this turn; onEnd has then been called already.
    if (!session.isOpen) return;
    this.#sessionId = session.sessionId;
    this.#password = session.password;
    this.#retryDelayMs = RETRY_DELAY_MS.min;
    this.#setState(session.readOnly ? 'read-only' : 'connected');
    this.#firstConnect?.resolve();
    this.#firstConnect = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const submit of waiting) submit(session);
  }

  #onDisconnected(error: SessionError): void {
    if (this.#state === 'closed' || this.#state === 'expired') return;
    this.#lastError = error;
    this.#lastZxid = this.lastZxid;
    if (error.code === 'SESSION_EXPIRED') {
      this.#fail(ErrorCode.SESSIONEXPIRED, error.message, error);
      return;
    }
    this.#setState('connecting');
    this.#retryTimer = setTimeout(() => this.#connect(), this.#retryDelayMs);
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, RETRY_DELAY_MS.max);
  }

  #fail(code: number, message: string, cause?: unknown): void {
    const session = this.#session;
    const first = this.#firstConnect;
    this.#firstConnect = undefined;
    this.#finish(code === ErrorCode.SESSIONEXPIRED ? 'expired' : 'closed');
    session?.destroy();
    first?.reject(new ZkClientError(code, message, undefined, undefined, cause));
  }

  #finish(state: 'expired' | 'closed'): void {
    clearTimeout(this.#retryTimer);
    this.#setState(state);
    this.#firstConnect?.reject(
      new ZkClientError(ErrorCode.CONNECTIONLOSS, `client ${state} before it connected`),
    );
    this.#firstConnect = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const submit of waiting) submit(undefined);
  }

  #setState(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit('state', state);
  }
}

function settle<T>(make: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void {
  try {
    resolve(make());
  } catch (error) {
    reject(error);
  }
}

/** "127.0.0.1:2181,[::1]:2182"; the port defaults to 2181. @throws TypeError */
export function parseConnectString(text: string): { host: string; port: number }[] {
  return text.split(',').map(entry => {
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(entry.trim());
    const port = Number(match?.[3] ?? 2181);
    if (match === null || port < 1 || port > 65_535) {
      throw new TypeError(`connect string "${text}": "${entry}" is not host:port`);
    }
    return { host: match[1] ?? match[2]!, port };
  });
}
