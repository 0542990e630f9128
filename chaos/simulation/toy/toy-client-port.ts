import type { Connection, Listener } from '../../../server/runtime/runtime.ts';
import { readConnectRequest, writeConnectResponse } from '../../../server/wire/connect.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { FrameReader } from '../../../server/wire/frames.ts';
import { JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import {
  readCreateRequest,
  readPath,
  readPathVersionRequest,
  readSetDataRequest,
} from '../../../server/wire/requests.ts';
import { writeStat } from '../../../server/wire/stat.ts';
import type { MemberContext } from '../members/member.ts';
import type { Entry } from './toy-log.ts';
import type { ToyNode, ToyTree } from './toy-tree.ts';

export type ToyWrite = Omit<Entry, 'zxid'>;

export interface ToyClientPortOptions {
  context: MemberContext;
  tree: ToyTree;
  port: number;
  welcomesFuture: boolean;
  submit: (write: ToyWrite, done: (err: number, zxid: number) => void) => void;
}

const FRAME_BYTES_MAX = 1024 * 1024;

/**
 * Accepts every session id. Answers go out in the order of the requests; a read is answered as soon as it is
 * first in line.
 */
export class ToyClientPort {
  readonly #options: ToyClientPortOptions;
  readonly #connections = new Set<Connection>();
  #listener: Listener | undefined;
  #sessions = 0;

  constructor(options: ToyClientPortOptions) {
    this.#options = options;
  }

  open(): void {
    const { context, port } = this.#options;
    this.#listener ??= context.runtime.network.listen(
      { host: context.spec.name, port },
      {
        onListening: () => {},
        onConnection: connection => this.#accept(connection),
        onError: error => {
          throw error;
        },
      },
    );
  }

  close(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const connection of this.#connections) connection.destroy('not serving');
    this.#connections.clear();
  }

  #accept(connection: Connection): void {
    this.#connections.add(connection);
    const conversation = new Conversation(connection, this.#options, () => this.#newSession());
    const frames = new FrameReader(FRAME_BYTES_MAX, (bytes, start, end) => {
      conversation.onFrame(new JuteReader(bytes, start, end));
    });
    connection.start({
      onData: chunk => frames.feed(chunk),
      onClose: () => {
        conversation.closed = true;
        this.#connections.delete(connection);
      },
    });
  }

  #newSession(): bigint {
    const { context } = this.#options;
    const boot = BigInt(Math.floor(context.runtime.clock.wallMs()));
    return (BigInt(context.spec.sid) << 56n) | (boot << 12n) | BigInt(++this.#sessions);
  }
}

interface Answer {
  xid: number;
  /** Undefined until the answer is known. It is written when it is first in line. */
  write: ((writer: JuteWriter) => void) | undefined;
}

class Conversation {
  closed = false;
  readonly #connection: Connection;
  readonly #options: ToyClientPortOptions;
  readonly #newSession: () => bigint;
  #established = false;
  readonly #answers: Answer[] = [];

  constructor(connection: Connection, options: ToyClientPortOptions, newSession: () => bigint) {
    this.#connection = connection;
    this.#options = options;
    this.#newSession = newSession;
  }

  onFrame(reader: JuteReader): void {
    if (this.#established) this.#onRequest(reader);
    else this.#onConnect(reader);
  }

  #onConnect(reader: JuteReader): void {
    const request = readConnectRequest(reader);
    const { tree, welcomesFuture } = this.#options;
    if (request.lastZxidSeen > tree.zxid && !welcomesFuture) {
      this.#connection.destroy('client has seen a newer zxid');
      return;
    }
    this.#established = true;
    const sessionId = request.sessionId === 0n ? this.#newSession() : request.sessionId;
    const { timeoutMs } = request;
    this.#send(w =>
      writeConnectResponse(w, {
        protocolVersion: 0,
        timeoutMs,
        sessionId,
        password: PASSWORD,
        readOnly: false,
      }),
    );
  }

  #onRequest(reader: JuteReader): void {
    const xid = reader.readInt();
    const type = reader.readInt();
    if (type === OpCode.ping) {
      this.#send(w => void w.writeInt(xid).writeLong(this.#options.tree.zxid).writeInt(0));
      return;
    }
    const answer: Answer = { xid, write: undefined };
    this.#answers.push(answer);
    const write = toyWrite(type, reader);
    if (write !== undefined) this.#submit(answer, write);
    else if (type === OpCode.getData) answer.write = w => this.#writeData(w, xid, readPath(reader));
    else if (type === OpCode.sync) this.#submit(answer, { f: 'setData', path: SYNC_PATH, value: '' });
    else answer.write = w => void w.writeInt(xid).writeLong(this.#options.tree.zxid).writeInt(0);
    this.#flush();
  }

  #submit(answer: Answer, write: ToyWrite): void {
    this.#options.submit(write, (err, zxid) => {
      if (this.closed) return;
      answer.write = w => {
        const shown = write.path === SYNC_PATH ? 0 : err;
        // A refusal changes nothing, so it has the present zxid: what came before it may have been applied
        // since.
        w.writeInt(answer.xid)
          .writeLong(err === 0 ? zxid : this.#options.tree.zxid)
          .writeInt(shown);
        if (err === 0 && write.f === 'create') w.writeString(write.path);
        const node = this.#options.tree.nodes.get(write.path);
        if (err === 0 && write.f === 'setData' && node !== undefined) writeNodeStat(w, node);
      };
      this.#flush();
    });
  }

  #writeData(writer: JuteWriter, xid: number, path: string): void {
    const { tree } = this.#options;
    const node = tree.nodes.get(path);
    writer.writeInt(xid).writeLong(tree.zxid);
    writer.writeInt(node === undefined ? ErrorCode.NONODE : ErrorCode.OK);
    if (node === undefined) return;
    writer.writeBuffer(Buffer.from(node.value));
    writeNodeStat(writer, node);
  }

  #flush(): void {
    for (let first = this.#answers[0]; first?.write !== undefined; first = this.#answers[0]) {
      this.#answers.shift();
      this.#send(first.write);
    }
  }

  #send(write: (writer: JuteWriter) => void): void {
    const writer = new JuteWriter();
    writer.writeInt(0);
    write(writer);
    writer.patchInt(0, writer.length - 4);
    this.#connection.write(writer.bytes);
  }
}

const PASSWORD = Buffer.alloc(16, 1);
/**
 * Nobody creates this path, so the leader refuses a change of it after everything before it. That makes a
 * sync.
 */
const SYNC_PATH = '/no such path';

function toyWrite(type: number, reader: JuteReader): ToyWrite | undefined {
  if (type === OpCode.create) {
    const { path, data } = readCreateRequest(reader);
    return { f: 'create', path, value: data?.toString() ?? '' };
  }
  if (type === OpCode.setData) {
    const { path, data } = readSetDataRequest(reader);
    return { f: 'setData', path, value: data?.toString() ?? '' };
  }
  if (type === OpCode.delete) return { f: 'delete', path: readPathVersionRequest(reader).path, value: '' };
  return undefined;
}

function writeNodeStat(writer: JuteWriter, { value, version, mzxid, czxid }: ToyNode): void {
  writeStat(writer, {
    czxid,
    mzxid,
    ctime: 0,
    mtime: 0,
    version,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    dataLength: value.length,
    numChildren: 0,
    pzxid: czxid,
  });
}
