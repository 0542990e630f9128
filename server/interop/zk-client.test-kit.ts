/**
 * A client for tests that need a session's id and password, or to see each event: one connection, no
 * reconnects.
 */
import * as net from 'node:net';
import { assert, until } from '#test';
import { digestId } from '../auth/digest-id.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { type ConnectResponse, readConnectResponse, writeConnectRequest } from '../wire/connect.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { FrameReader } from '../wire/frames.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import {
  writeAuthRequest,
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetDataRequest,
} from '../wire/requests.ts';
import { readStat, type Stat } from '../wire/stat.ts';
import { readWatcherEvent } from '../wire/watch-event.ts';

const FRAME_BYTES_MAX = 64 * 1024 * 1024;
export const CLIENT_PORT = 2181;
/**
 * No session expires because a member takes its time to start: the closing would be a transaction, and the
 * end of a test.
 */
export const LONGEST_TIMEOUT_MS = 300_000;
const PING_INTERVAL_MS = 1000;
const ANSWER_DEADLINE_MS = 60_000;
const REFUSAL_DEADLINE_MS = 60_000;

const XIDS_EACH = 1_000_000;
/**
 * With more, an xid would exceed its 31 bits: writers that look for a serving member open thousands of
 * connections.
 */
const XID_RANGES = 2000;
let connections = 0;

/** The super user, and the line of zoo.cfg that names it. */
export const SUPER = 'super:secret';
export const SUPER_DIGEST_SETTING = `DigestAuthenticationProvider.superDigest=${digestId(SUPER)}`;

export const EPHEMERAL = 1;
export const SEQUENTIAL = 2;

/** An operation that the server refused, by its code. */
export class ZkError extends Error {
  override readonly name = 'ZkError';
  readonly code: number;

  constructor(code: number) {
    super(errorName(code));
    this.code = code;
  }
}

/** The server ended the connection without an answer to the ConnectRequest. */
class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

/**
 * Checks that the server says that the session is gone. A server that applies the end of a session while its
 * connection is being opened ends that connection without an answer, Apache's as well as ours. So this asks
 * again until there is an answer.
 */
export async function isRefused(connect: () => Promise<ZkClient>): Promise<void> {
  const outcome = await until(
    () =>
      connect().then(
        () => 'accepted',
        error => {
          if (error instanceof UnansweredError) return undefined;
          return error instanceof ZkError ? errorName(error.code) : String(error);
        },
      ),
    { deadlineMs: REFUSAL_DEADLINE_MS, what: 'an answer to the session that is gone', intervalMs: 20 },
  );
  assert.is(outcome, errorName(ErrorCode.SESSIONEXPIRED));
}

export interface SessionCredentials {
  readonly sessionId: bigint;
  readonly password: Buffer | null;
}

export interface Reply {
  readonly err: number;
  readonly zxid: number;
  /** The body of the reply; empty when `err` is not 0. */
  readonly body: JuteReader;
  /** Number of this client's events that came before the reply. */
  readonly eventsBefore: number;
}

interface Waiting {
  readonly xid: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class ZkClient {
  readonly #socket: net.Socket;
  readonly #frames: FrameReader;
  readonly #waiting: Waiting[] = [];
  #response: ConnectResponse | null = null;
  /**
   * A learner knows a session's transaction by its cxid: two connections of one session must not use the
   * same.
   */
  #xid = (connections++ % XID_RANGES) * XIDS_EACH;
  #ping: NodeJS.Timeout | null = null;
  closed = false;
  /** "type path" of each event, in the order they came. */
  readonly events: string[] = [];
  /** The zxid of the last reply. */
  lastZxid = 0;

  private constructor(host: string, port: number) {
    this.#frames = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) => this.#onFrame(bytes, start, end));
    this.#socket = net.connect({ host, port, noDelay: true });
    this.#socket.on('data', chunk => this.#frames.feed(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#onClosed());
  }

  /**
   * Opens a new session, or resumes `session`. Pings keep it alive unless `ping` is false.
   * @throws UnansweredError when the server closes the connection, ZkError when it says that the session is
   * gone
   */
  static async connect(
    host: string,
    options: { session?: SessionCredentials; timeoutMs?: number; ping?: boolean; port?: number } = {},
  ): Promise<ZkClient> {
    const client = new ZkClient(host, options.port ?? CLIENT_PORT);
    const timeoutMs = options.timeoutMs ?? LONGEST_TIMEOUT_MS;
    const { sessionId, password } = options.session ?? { sessionId: 0n, password: Buffer.alloc(16) };
    const hello = new JuteWriter();
    hello.reserve(4);
    writeConnectRequest(hello, {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeoutMs,
      sessionId,
      password,
      readOnly: false,
    });
    hello.patchInt(0, hello.length - 4);
    client.#socket.write(hello.toBuffer());
    try {
      const response = await until(() => client.#response ?? (client.closed ? 'closed' : null), {
        deadlineMs: ANSWER_DEADLINE_MS,
        what: `a session on ${host}`,
        intervalMs: 5,
      });
      if (response === 'closed') throw new UnansweredError(`${host} closed the connection`);
      if (response.timeoutMs <= 0) throw new ZkError(ErrorCode.SESSIONEXPIRED);
    } catch (error) {
      client.destroy();
      throw error;
    }
    if (options.ping !== false) client.#ping = setInterval(() => client.#sendPing(), PING_INTERVAL_MS);
    return client;
  }

  get session(): SessionCredentials {
    return { sessionId: this.#response?.sessionId ?? 0n, password: this.#response?.password ?? null };
  }

  #sendPing(): void {
    this.#send(new JuteWriter().writeInt(0).writeInt(Xid.ping).writeInt(OpCode.ping));
  }

  #send(frame: JuteWriter): void {
    frame.patchInt(0, frame.length - 4);
    if (!this.closed) this.#socket.write(frame.toBuffer());
  }

  #onFrame(bytes: Buffer, start: number, end: number): void {
    const reader = new JuteReader(Buffer.from(bytes.subarray(start, end)));
    if (this.#response === null) {
      this.#response = readConnectResponse(reader);
      return;
    }
    const xid = reader.readInt();
    const zxid = reader.readLong();
    const err = reader.readInt();
    if (xid === Xid.ping) return;
    if (xid === Xid.notification) {
      const { type, path } = readWatcherEvent(reader);
      this.events.push(`${type} ${path}`);
      return;
    }
    this.lastZxid = zxid;
    // The server answers an auth at once, ahead of the writes that wait for their commit.
    const at = xid === Xid.auth ? this.#waiting.findIndex(waiting => waiting.xid === xid) : 0;
    const [waiting] = this.#waiting.splice(at, 1);
    if (waiting?.xid !== xid) throw new Error(`reply to ${xid}, ${waiting?.xid} expected`);
    waiting.resolve({ err, zxid, body: reader, eventsBefore: this.events.length });
  }

  #onClosed(): void {
    this.closed = true;
    if (this.#ping !== null) clearInterval(this.#ping);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new ZkError(ErrorCode.CONNECTIONLOSS));
  }

  /** @throws ZkError CONNECTIONLOSS when the connection ends first */
  exchange(op: number, writeBody: (writer: JuteWriter) => void): Promise<Reply> {
    if (this.closed) return Promise.reject(new ZkError(ErrorCode.CONNECTIONLOSS));
    const xid = op === OpCode.auth ? Xid.auth : ++this.#xid;
    const frame = new JuteWriter().writeInt(0).writeInt(xid).writeInt(op);
    writeBody(frame);
    const reply = new Promise<Reply>((resolve, reject) => {
      this.#waiting.push({ xid, resolve, reject });
      this.#send(frame);
    });
    // A test that has already failed waits for nothing more, and its unanswered requests must not end the
    // process.
    reply.catch(() => {});
    return reply;
  }

  async #call(op: number, writeBody: (writer: JuteWriter) => void): Promise<JuteReader> {
    const { err, body } = await this.exchange(op, writeBody);
    if (err !== ErrorCode.OK) throw new ZkError(err);
    return body;
  }

  /** Returns the code of the answer. @param user "name:password" */
  async authenticate(user: string): Promise<number> {
    const request = { type: 0, scheme: 'digest', auth: Buffer.from(user) };
    return (await this.exchange(OpCode.auth, w => writeAuthRequest(w, request))).err;
  }

  async create(path: string, data = '', flags = 0): Promise<string> {
    const request = { path, data: Buffer.from(data), acl: OPEN_ACL_UNSAFE, flags };
    return (await this.#call(OpCode.create, w => writeCreateRequest(w, request))).readString() ?? '';
  }

  async set(path: string, data: string, version = -1): Promise<Stat> {
    const request = { path, data: Buffer.from(data), version };
    return readStat(await this.#call(OpCode.setData, w => writeSetDataRequest(w, request)));
  }

  async get(path: string, watch = false): Promise<string> {
    const reader = await this.#call(OpCode.getData, w => writePathWatchRequest(w, { path, watch }));
    return reader.readBuffer()?.toString('utf8') ?? '';
  }

  /** Null when there is no such node. */
  async exists(path: string, watch = false): Promise<Stat | null> {
    try {
      return readStat(await this.#call(OpCode.exists, w => writePathWatchRequest(w, { path, watch })));
    } catch (error) {
      if (error instanceof ZkError && error.code === ErrorCode.NONODE) return null;
      throw error;
    }
  }

  async children(path: string, watch = false): Promise<string[]> {
    const reader = await this.#call(OpCode.getChildren, w => writePathWatchRequest(w, { path, watch }));
    return (reader.readVector(r => r.readString() ?? '') ?? []).sort();
  }

  async delete(path: string): Promise<void> {
    await this.#call(OpCode.delete, w => writePathVersionRequest(w, { path, version: -1 }));
  }

  /** Reads after this see everything that was committed before it. */
  async sync(path = '/'): Promise<void> {
    await this.#call(OpCode.sync, w => void w.writeString(path));
  }

  /** Nothing more is read. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Waits until the kernel has taken all requests, or as many as the server reads for now. */
  async flushed(): Promise<void> {
    let left = -1;
    await until(
      () => {
        const still = this.#socket.writableLength === left;
        left = this.#socket.writableLength;
        return left === 0 || still;
      },
      { deadlineMs: ANSWER_DEADLINE_MS, what: 'the requests to leave', intervalMs: 100 },
    );
  }

  /** Ends the session. */
  async close(): Promise<void> {
    await this.#call(OpCode.closeSession, () => {});
    this.destroy();
  }

  /** Drops the connection; the session lives on until it expires. */
  destroy(): void {
    this.#socket.destroy();
    this.#onClosed();
  }
}
