/**
 * A server that answers anything at once and stores nothing. It serves to test the driver and to measure what
 * the driver can do. It is no ZooKeeper, and no control for one.
 */
import * as net from 'node:net';
import { OPEN_ACL_UNSAFE, writeAcl } from '../../../server/wire/acl.ts';
import { FrameReader } from '../../../server/wire/frames.ts';
import { JuteWriter } from '../../../server/wire/jute.ts';
import { OpCode, Xid } from '../../../server/wire/opcodes.ts';
import { FRAME_BYTES_MAX } from '../session/session.ts';

export interface FakeRequest {
  xid: number;
  op: number;
  /** Valid during the call only. */
  bytes: Buffer;
  start: number;
  end: number;
}

export interface FakeConnection {
  /** Sends a reply. `body` is appended unchanged. */
  reply(xid: number, err: number, body?: Uint8Array, zxid?: number): void;
  socket: net.Socket;
}

export interface FakeServerOptions {
  /** Replies to a request, possibly later or never. Default: `cannedReply`. */
  onRequest?: (request: FakeRequest, connection: FakeConnection) => void;
  /** Default: accepts every session. Null closes without an answer; 0 says that the session has expired. */
  negotiateTimeoutMs?: (askedMs: number) => number | null;
  readOnly?: boolean;
}

export interface FakeServer {
  port: number;
  connections: Set<net.Socket>;
  close(): Promise<void>;
}

const STAT = Buffer.alloc(68);
const DATA_AND_STAT = Buffer.concat([Buffer.from([0, 0, 0, 100]), Buffer.alloc(100, 0x61), STAT]);
const NO_NAMES = Buffer.alloc(4);
const PATH = Buffer.from([0, 0, 0, 2, 0x2f, 0x61]);
const NAMES_AND_STAT = Buffer.concat([NO_NAMES, STAT]);
const OPEN_ACL_AND_STAT = new JuteWriter().writeVector(OPEN_ACL_UNSAFE, writeAcl).writeRaw(STAT).toBuffer();
const MULTI_END = Buffer.from('ffffffff01ffffffff', 'hex');

const CANNED = new Map<number, Uint8Array>([
  [OpCode.getData, DATA_AND_STAT],
  [OpCode.exists, STAT],
  [OpCode.setData, STAT],
  [OpCode.getChildren, NO_NAMES],
  [OpCode.create, PATH],
  [OpCode.create2, Buffer.concat([PATH, STAT])],
  [OpCode.getChildren2, NAMES_AND_STAT],
  [OpCode.getACL, OPEN_ACL_AND_STAT],
  [OpCode.setACL, STAT],
  [OpCode.sync, PATH],
  [OpCode.multi, MULTI_END],
  [OpCode.multiRead, MULTI_END],
]);

/** The smallest valid answer. */
export function cannedReply(request: FakeRequest, connection: FakeConnection): void {
  connection.reply(request.xid, 0, CANNED.get(request.op));
}

export async function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const connections = new Set<net.Socket>();
  let sessions = 0;
  const server = net.createServer({ noDelay: true }, socket => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => {});
    serve(socket, options, ++sessions);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    connections,
    close: () =>
      new Promise(resolve => {
        for (const socket of connections) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function serve(socket: net.Socket, options: FakeServerOptions, sessionId: number): void {
  const { onRequest = cannedReply, negotiateTimeoutMs = asked => asked, readOnly = false } = options;
  const out = new JuteWriter(64 * 1024);
  let established = false;
  const connection: FakeConnection = {
    socket,
    reply: (xid, err, body, zxid = 1) => {
      if (out.length === 0) process.nextTick(flush);
      out
        .writeInt(16 + (body?.length ?? 0))
        .writeInt(xid)
        .writeLong(zxid)
        .writeInt(err);
      if (body !== undefined) out.writeRaw(body);
    },
  };
  const flush = (): void => {
    socket.write(out.toBuffer());
    out.reset();
  };
  const handshake = (bytes: Buffer, start: number): void => {
    established = true;
    const timeoutMs = negotiateTimeoutMs(bytes.readInt32BE(start + 12));
    if (timeoutMs === null) {
      socket.destroy();
      return;
    }
    const asked = bytes.readBigInt64BE(start + 16);
    const id = timeoutMs === 0 ? 0n : asked === 0n ? BigInt(sessionId) : asked;
    const answer = new JuteWriter(64).writeInt(37).writeInt(0).writeInt(timeoutMs).writeBigLong(id);
    socket.write(answer.writeBuffer(Buffer.alloc(16, sessionId)).writeBoolean(readOnly).toBuffer());
    if (timeoutMs === 0) socket.end();
  };
  const onFrame = (bytes: Buffer, start: number, end: number): void => {
    if (!established) {
      handshake(bytes, start);
      return;
    }
    const request = { xid: bytes.readInt32BE(start), op: bytes.readInt32BE(start + 4), bytes, start, end };
    if (request.xid === Xid.ping) connection.reply(Xid.ping, 0);
    else onRequest(request, connection);
    if (request.op === OpCode.closeSession) process.nextTick(() => socket.end());
  };
  const frames = new FrameReader(FRAME_BYTES_MAX, onFrame);
  socket.on('data', chunk => frames.feed(chunk));
}
