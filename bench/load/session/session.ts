/**
 * One ZooKeeper session on one TCP connection, built for load. The requests of a turn leave in one write,
 * replies are read in place, and a request costs neither a promise nor an object. It neither reconnects nor
 * retries: `client.ts` and the probes do, each in its own way.
 *
 * @see docs/wire.md "Client connections"
 */
import * as net from 'node:net';
import { readConnectResponse, writeConnectRequest } from '../../../server/wire/connect.ts';
import { FrameReader } from '../../../server/wire/frames.ts';
import { JuteError, JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { OpCode, Xid } from '../../../server/wire/opcodes.ts';
import { readWatcherEvent, type WatcherEvent } from '../../../server/wire/watch-event.ts';
import { InFlight, type Reply, type ReplyHandler } from './in-flight.ts';
import { SessionError, type SessionErrorCode } from './session-error.ts';

export interface SessionOptions {
  host: string;
  port: number;
  /** The requested timeout. The server clamps it. */
  timeoutMs?: number;
  /** Undefined sends no byte, as clients before 3.4 did. */
  readOnly?: boolean | undefined;
  /** To renew a session: its id, its password, and the last zxid seen in it. */
  sessionId?: bigint;
  password?: Buffer | null;
  lastZxidSeen?: number;
  connectTimeoutMs?: number;
  /** Number of requests in flight above which `begin` refuses. */
  inFlightMax?: number;
  onWatch?: (event: WatcherEvent, zxid: number) => void;
  /** Called once, after `open` succeeded: the connection has ended, and everything in flight is lost. */
  onEnd?: (error: SessionError) => void;
}

const SESSION_DEFAULTS = { timeoutMs: 10_000, connectTimeoutMs: 5_000, inFlightMax: 65_536 } as const;

/** jute.maxbuffer of the answering server plus its extra size, and room for a header. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;

const HEADER_BYTES = 16;
const WRITE_BUFFER_BYTES = 16 * 1024;
/** A buffer that grew past this is not kept for reuse. */
const WRITE_BUFFER_KEPT_BYTES_MAX = 1024 * 1024;

/** All sockets of a thread read into it. A read and its callback are one step, so no two overlap. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

type State = 'new' | 'connecting' | 'open' | 'ended';

export class Session {
  readonly options: Readonly<SessionOptions>;
  sessionId: bigint;
  password: Buffer | null;
  /** Negotiated. */
  timeoutMs = 0;
  /** Whether the server is in read-only mode. */
  readOnly = false;
  lastZxid: number;

  #state: State = 'new';
  #socket: net.Socket | undefined;
  readonly #inFlight: InFlight;
  /** Auth is answered out of order, and setWatches has a single xid, so each has its own queue. */
  readonly #auths: InFlight = new InFlight(64);
  readonly #setWatches: InFlight = new InFlight(64);
  readonly #frames = new FrameReader(
    FRAME_BYTES_MAX,
    (bytes, start, end) => this.#onFrame(bytes, start, end),
    { chunksAreReused: true },
  );
  readonly #reader = new JuteReader();
  readonly #reply: Reply;
  #writer = new JuteWriter(WRITE_BUFFER_BYTES);
  #frameAt = 0;
  #flushPending = false;
  /** xid of the last request sent, and of the last one answered. The difference is the number in flight. */
  #sentXid = 0;
  #answeredXid = 0;
  #lastSentMs = 0;
  #lastHeardMs = 0;
  #pingTimer: NodeJS.Timeout | undefined;
  #openTimer: NodeJS.Timeout | undefined;
  #opened: { resolve: () => void; reject: (error: SessionError) => void } | undefined;
  #closing: (() => void) | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.sessionId = options.sessionId ?? 0n;
    this.password = options.password ?? null;
    this.lastZxid = options.lastZxidSeen ?? 0;
    this.#inFlight = new InFlight(options.inFlightMax ?? SESSION_DEFAULTS.inFlightMax);
    this.#reply = { err: 0, zxid: 0, reader: this.#reader, tag: 0, sentAtMs: 0, receivedAtMs: 0 };
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get full(): boolean {
    return this.#inFlight.full;
  }

  /** Connects and performs the handshake. @throws SessionError (by rejection) */
  open(): Promise<void> {
    if (this.#state !== 'new') throw new Error(`a session opens once; this one is ${this.#state}`);
    this.#state = 'connecting';
    const { host, port, connectTimeoutMs = SESSION_DEFAULTS.connectTimeoutMs } = this.options;
    return new Promise<void>((resolve, reject) => {
      this.#opened = { resolve, reject };
      this.#openTimer = setTimeout(() => {
        this.#end('CONNECT_TIMEOUT', `no session at ${host}:${port} within ${connectTimeoutMs} ms`);
      }, connectTimeoutMs);
      const socket = net.connect({
        host,
        port,
        noDelay: true,
        onread: { buffer: READ_BUFFER, callback: this.#onRead },
      });
      this.#socket = socket;
      socket.on('connect', () => this.#sendConnectRequest());
      socket.on('error', error => this.#onSocketGone(error));
      socket.on('close', () => this.#onSocketGone());
    });
  }

  /**
   * Starts a request and returns the writer for its body; `end` must follow in the same turn.
   * @throws RangeError when `inFlightMax` requests wait; SessionError when the session is not open
   */
  begin(op: OpCode): JuteWriter {
    if (this.#state !== 'open') throw new SessionError('CONNECTION_LOSS', `session is ${this.#state}`);
    if (this.#inFlight.full) throw new RangeError(`${this.#inFlight.max} requests are in flight already`);
    return this.#beginFrame(nextXid(this.#sentXid), op);
  }

  /** Completes what `begin` started. `sentAtMs` is on the clock of `performance.now()`. */
  end(handler: ReplyHandler, tag = 0, sentAtMs: number = performance.now()): void {
    this.#endFrame(sentAtMs);
    this.#sentXid = nextXid(this.#sentXid);
    this.#inFlight.push(handler, tag, sentAtMs);
  }

  /** auth and setWatches have their own xids. `write` writes the body. */
  submitSpecial(
    xid: typeof Xid.auth | typeof Xid.setWatches,
    op: OpCode,
    write: (w: JuteWriter) => void,
    handler: ReplyHandler,
  ): void {
    if (this.#state !== 'open') throw new SessionError('CONNECTION_LOSS', `session is ${this.#state}`);
    const line = xid === Xid.auth ? this.#auths : this.#setWatches;
    const now = performance.now();
    line.push(handler, 0, now);
    write(this.#beginFrame(xid, op));
    this.#endFrame(now);
  }

  /**
   * Ends the session on the server (and deletes its ephemerals) behind the requests in flight, then closes
   * the connection. If no more requests fit, or no answer comes, it only closes the connection. Returns
   * whether the server answered.
   */
  close(): Promise<boolean> {
    if (this.#state !== 'open' || this.#inFlight.full) {
      this.#end('CLOSED', 'closed');
      return Promise.resolve(false);
    }
    return new Promise(resolve => {
      let wasAnswered = false;
      const giveUp = setTimeout(() => this.#end('CLOSED', 'closed'), this.#closeTimeoutMs());
      this.#closing = () => {
        clearTimeout(giveUp);
        resolve(wasAnswered);
      };
      this.#beginFrame(nextXid(this.#sentXid), OpCode.closeSession);
      this.#endFrame(performance.now());
      this.#sentXid = nextXid(this.#sentXid);
      const onReply = (): void => {
        wasAnswered = true;
        this.#end('CLOSED', 'closed');
      };
      this.#inFlight.push({ onReply, onLost: () => {} }, 0, 0);
    });
  }

  /** Closes the connection and leaves the session on the server, as a crash would. */
  destroy(): void {
    this.#end('CLOSED', 'dropped');
  }

  #closeTimeoutMs(): number {
    return Math.min(this.timeoutMs, 2_000);
  }

  #sendConnectRequest(): void {
    const { timeoutMs = SESSION_DEFAULTS.timeoutMs, readOnly } = this.options;
    const writer = new JuteWriter(64);
    writer.writeInt(0);
    writeConnectRequest(writer, {
      protocolVersion: 0,
      lastZxidSeen: this.lastZxid,
      timeoutMs,
      sessionId: this.sessionId,
      password: this.password ?? Buffer.alloc(16),
      readOnly,
    });
    writer.patchInt(0, writer.length - 4);
    this.#socket!.write(writer.bytes);
  }

  #beginFrame(xid: number, op: OpCode): JuteWriter {
    this.#frameAt = this.#writer.reserve(4);
    return this.#writer.writeInt(xid).writeInt(op);
  }

  #endFrame(sentAtMs: number): void {
    const writer = this.#writer;
    writer.patchInt(this.#frameAt, writer.length - this.#frameAt - 4);
    this.#lastSentMs = sentAtMs;
    if (!this.#flushPending) {
      this.#flushPending = true;
      process.nextTick(this.#flush);
    }
  }

  readonly #flush = (): void => {
    this.#flushPending = false;
    const socket = this.#socket;
    const writer = this.#writer;
    if (writer.length === 0 || socket === undefined || this.#state === 'ended') return;
    socket.write(writer.bytes);
    // If nothing is left to write, the kernel has copied it all. Otherwise the buffer belongs to the socket
    // now.
    if (socket.writableLength === 0 && writer.buffer.length <= WRITE_BUFFER_KEPT_BYTES_MAX) writer.reset();
    else this.#writer = new JuteWriter(WRITE_BUFFER_BYTES);
  };

  readonly #onRead = (length: number, chunk: Uint8Array): boolean => {
    this.#lastHeardMs = performance.now();
    this.#reply.receivedAtMs = this.#lastHeardMs;
    try {
      this.#frames.feed((chunk as Buffer).subarray(0, length));
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.#end('PROTOCOL', error.message, error);
    }
    return true;
  };

  #onFrame(bytes: Buffer, start: number, end: number): void {
    const reader = this.#reader.reset(bytes, start, end);
    if (this.#state === 'open') this.#onReplyFrame(reader, end - start);
    else if (this.#state === 'connecting') this.#onConnectResponse(reader);
  }

  #onConnectResponse(reader: JuteReader): void {
    const response = readConnectResponse(reader);
    if (response.timeoutMs <= 0) {
      this.#end(
        'SESSION_EXPIRED',
        `the server does not accept session 0x${BigInt.asUintN(64, this.sessionId).toString(16)}`,
      );
      return;
    }
    this.sessionId = response.sessionId;
    this.password = Buffer.from(response.password);
    this.timeoutMs = response.timeoutMs;
    this.readOnly = response.readOnly === true;
    this.#state = 'open';
    this.#lastSentMs = this.#lastHeardMs;
    clearTimeout(this.#openTimer);
    this.#pingTimer = setInterval(this.#onPingTimer, Math.max(10, Math.floor(this.timeoutMs / 6)));
    const opened = this.#opened!;
    this.#opened = undefined;
    opened.resolve();
  }

  #onReplyFrame(reader: JuteReader, length: number): void {
    if (length < HEADER_BYTES) throw new JuteError(`a reply of ${length} bytes has no whole header`);
    const xid = reader.readInt();
    const zxid = reader.readLong();
    const err = reader.readInt();
    if (zxid > this.lastZxid) this.lastZxid = zxid;
    if (xid > 0) {
      this.#answeredXid = nextXid(this.#answeredXid);
      if (xid !== this.#answeredXid) {
        throw new JuteError(`reply to xid ${xid} where ${this.#answeredXid} was due`);
      }
      this.#answer(this.#inFlight, err, zxid);
    } else if (xid === Xid.notification) {
      this.options.onWatch?.(readWatcherEvent(reader), zxid);
    } else if (xid === Xid.auth) {
      this.#answer(this.#auths, err, zxid);
    } else if (xid === Xid.setWatches) {
      this.#answer(this.#setWatches, err, zxid);
    } else if (xid !== Xid.ping) {
      throw new JuteError(`reply with xid ${xid}, which nobody sent`);
    }
  }

  #answer(line: InFlight, err: number, zxid: number): void {
    const reply = this.#reply;
    const handler = line.shift(reply);
    if (handler === undefined) throw new JuteError('reply to a request that nobody sent');
    reply.err = err;
    reply.zxid = zxid;
    handler.onReply(reply);
  }

  /**
   * Like Apache's client: sends a ping after a third of the timeout in silence, and gives up after two
   * thirds.
   */
  readonly #onPingTimer = (): void => {
    const now = performance.now();
    if (now - this.#lastHeardMs > (this.timeoutMs * 2) / 3) {
      this.#end('READ_TIMEOUT', `nothing heard for ${Math.round(now - this.#lastHeardMs)} ms`);
    } else if (now - Math.min(this.#lastSentMs, this.#lastHeardMs) >= this.timeoutMs / 3 - 10) {
      this.#beginFrame(Xid.ping, OpCode.ping);
      this.#endFrame(now);
    }
  };

  #onSocketGone(error?: Error): void {
    const { host, port } = this.options;
    const where = `${host}:${port}${error === undefined ? '' : `: ${error.message}`}`;
    if (this.#closing !== undefined) this.#end('CLOSED', 'closed');
    else if (this.#state === 'open') this.#end('CONNECTION_LOSS', `connection lost to ${where}`, error);
    else if (wasRefused(error)) this.#end('REFUSED', `cannot connect to ${where}`, error);
    else this.#end('TURNED_AWAY', `closed before a session was made by ${where}`, error);
  }

  #end(code: SessionErrorCode, message: string, cause?: unknown): void {
    if (this.#state === 'ended') return;
    const opened = this.#opened;
    const wasOpen = this.#state === 'open';
    this.#state = 'ended';
    this.#frames.stop();
    this.#opened = undefined;
    clearTimeout(this.#openTimer);
    clearInterval(this.#pingTimer);
    this.#socket?.destroy();
    for (const line of [this.#auths, this.#setWatches, this.#inFlight]) this.#loseAll(line);
    const error = new SessionError(code, message, cause);
    opened?.reject(error);
    if (wasOpen) this.options.onEnd?.(error);
    this.#closing?.();
  }

  #loseAll(line: InFlight): void {
    const entry = { tag: 0, sentAtMs: 0 };
    for (let handler = line.shift(entry); handler !== undefined; handler = line.shift(entry)) {
      handler.onLost(entry.tag, entry.sentAtMs);
    }
  }
}

/** xids go up from 1 and start again before they would become negative. */
function nextXid(xid: number): number {
  return xid === 0x7fff_ffff ? 1 : xid + 1;
}

const REFUSALS = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
]);

function wasRefused(error: Error | undefined): boolean {
  return REFUSALS.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}
