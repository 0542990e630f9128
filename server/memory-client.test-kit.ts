import type { MemoryEnsemble, RawConnection } from './memory-ensemble.test-kit.ts';
import { CLIENT_PORT } from './memory-ensemble.test-kit.ts';
import { type Acl, OPEN_ACL_UNSAFE } from './wire/acl.ts';
import {
  type ConnectRequest,
  type ConnectResponse,
  readConnectResponse,
  writeConnectRequest,
} from './wire/connect.ts';
import { FrameReader } from './wire/frames.ts';
import { JuteReader, JuteWriter } from './wire/jute.ts';
import { OpCode, Xid } from './wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetDataRequest,
} from './wire/requests.ts';

const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export interface Reply {
  readonly xid: number;
  readonly zxid: number;
  readonly err: number;
  readonly body: Buffer;
}

const NEW_SESSION: ConnectRequest = {
  protocolVersion: 0,
  lastZxidSeen: 0,
  timeoutMs: 4000,
  sessionId: 0n,
  password: Buffer.alloc(16),
  readOnly: false,
};

/** A frame: its length, then what `write` writes. */
export function frame(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter().writeInt(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.toBuffer();
}

export function helloFrame(request: Partial<ConnectRequest> = {}): Buffer {
  return frame(w => writeConnectRequest(w, { ...NEW_SESSION, ...request }));
}

export function requestFrame(
  xid: number,
  op: number,
  write: (writer: JuteWriter) => void = () => {},
): Buffer {
  return frame(w => {
    w.writeInt(xid).writeInt(op);
    write(w);
  });
}

/** Bodies of the requests that tests need. */
export const body = {
  create:
    (path: string, data: string | null = '', flags = 0, acl: readonly Acl[] = OPEN_ACL_UNSAFE) =>
    (w: JuteWriter) =>
      writeCreateRequest(w, { path, data: data === null ? null : Buffer.from(data), acl, flags }),
  delete:
    (path: string, version = -1) =>
    (w: JuteWriter) =>
      writePathVersionRequest(w, { path, version }),
  setData:
    (path: string, data: string, version = -1) =>
    (w: JuteWriter) =>
      writeSetDataRequest(w, { path, data: Buffer.from(data), version }),
  read:
    (path: string, watch = false) =>
    (w: JuteWriter) =>
      writePathWatchRequest(w, { path, watch }),
  path: (path: string) => (w: JuteWriter) => void w.writeString(path),
};

/**
 * One session over one connection. It keeps every frame in order of arrival, because tests check that order.
 */
export class MemoryClient {
  readonly raw: RawConnection;
  readonly #ensemble: MemoryEnsemble;
  readonly frames: Buffer[] = [];
  response: ConnectResponse | null = null;
  #xid = 0;

  constructor(ensemble: MemoryEnsemble, sid: number, hello: Partial<ConnectRequest> = {}) {
    this.#ensemble = ensemble;
    this.raw = ensemble.dial(sid, CLIENT_PORT);
    const reader = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) =>
      this.#onFrame(Buffer.from(bytes.subarray(start, end))),
    );
    this.raw.onData = chunk => reader.feed(chunk);
    this.raw.write(helloFrame(hello));
  }

  /** Opens a client and waits for its session. */
  static open(ensemble: MemoryEnsemble, sid = 1, hello: Partial<ConnectRequest> = {}): MemoryClient {
    const client = new MemoryClient(ensemble, sid, hello);
    ensemble.wait(() => client.response !== null || client.raw.closed !== null, 'a session');
    return client;
  }

  #onFrame(bytes: Buffer): void {
    if (this.response === null) this.response = readConnectResponse(new JuteReader(bytes));
    else this.frames.push(bytes);
  }

  /** Replies and events so far, in the order they came. */
  get replies(): Reply[] {
    return this.frames.map(bytes => {
      const reader = new JuteReader(bytes);
      return {
        xid: reader.readInt(),
        zxid: reader.readLong(),
        err: reader.readInt(),
        body: bytes.subarray(16),
      };
    });
  }

  /** Sends a request without waiting. Returns the xid. */
  send(op: number, write: (writer: JuteWriter) => void = () => {}): number {
    const xid = ++this.#xid;
    this.raw.write(requestFrame(xid, op, write));
    return xid;
  }

  /** Waits for the reply to `xid`. */
  reply(xid: number): Reply {
    this.#ensemble.wait(
      () => this.raw.closed !== null || this.replies.some(reply => reply.xid === xid),
      `the reply to ${xid}`,
    );
    const reply = this.replies.find(each => each.xid === xid);
    if (reply === undefined) throw new Error(`closed before the reply to ${xid}: ${this.raw.closed}`);
    return reply;
  }

  /** Sends a request and waits for the reply. */
  ask(op: number, write: (writer: JuteWriter) => void = () => {}): Reply {
    return this.reply(this.send(op, write));
  }

  create(path: string, data = '', flags = 0): Reply {
    return this.ask(OpCode.create, body.create(path, data, flags));
  }

  /** Returns the data, or the code of the refusal. */
  get(path: string): string | number {
    const { err, body: bytes } = this.ask(OpCode.getData, body.read(path));
    return err === 0 ? String(new JuteReader(bytes).readBuffer()) : err;
  }

  ping(): void {
    this.raw.write(requestFrame(Xid.ping, OpCode.ping));
  }
}
