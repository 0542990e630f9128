import { printable } from '../../printable.ts';
import { partTypes } from '../../processors/multi-parts.ts';
import { writeMultiReply, writeTxnReply } from '../../processors/reply-writer.ts';
import { isCreate, type Request } from '../../processors/request.ts';
import type { ZooKeeperServer } from '../../processors/zookeeper-server.ts';
import { sessionIdHex } from '../../sessions/session-id.ts';
import { resultOf, type TxnResult } from '../../tree/txn-result.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteReader } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { authenticate } from '../authentication.ts';
import type { SessionClient } from './session-client.ts';
import type { Pending } from './session-order.ts';

/** Sends the replies of one session. `send` takes the body that was begun with `server.replies`. */
export class SessionReplies {
  readonly #connection: SessionClient;
  readonly #server: ZooKeeperServer;

  constructor(connection: SessionClient, server: ZooKeeperServer) {
    this.#connection = connection;
    this.#server = server;
  }

  send(xid: number, op: number, zxid: number, err: number): void {
    const { replies, parts } = this.#server;
    const { output } = this.#connection;
    this.#server.crowd.catchUp(this.#connection);
    if (!output.reply(replies, xid, op, zxid, err, parts.stats)) this.#connection.relieve();
  }

  /** The reply to a sync is its request. */
  sync(head: Pending): void {
    this.#server.replies.begin().writer.writeRaw(head.bytes, head.start, head.end);
    this.send(head.xid, head.op, this.#server.lastProcessedZxid, ErrorCode.OK);
  }

  write(head: Pending, request: Request, result: TxnResult | null): void {
    const err = result?.err ?? ErrorCode.OK;
    if (err === ErrorCode.SESSIONMOVED) {
      this.#connection.close('the session has moved to another server');
      return;
    }
    const { writer } = this.#server.replies.begin();
    if (result?.type === OpCode.multi) {
      writeMultiReply(writer, result, partTypes(new JuteReader(head.bytes, head.start, head.end)));
    } else if (result !== null && err === ErrorCode.OK) {
      writeTxnReply(writer, result, this.#server.parts.database.tree.ownerLayout);
    }
    // A failed multi reports OK in the header and its codes in the parts. Seen on 3.8.0.
    const code = result?.type === OpCode.multi ? ErrorCode.OK : err;
    this.send(head.xid, head.op, request.header?.zxid ?? this.#server.lastProcessedZxid, code);
  }

  /**
   * An operation that no server knows ends the connection. A create that needs extendedTypesEnabled does not.
   * Seen on 3.8.0.
   */
  refuse(xid: number, op: number, code: number): void {
    const unknown = code === ErrorCode.UNIMPLEMENTED && !isCreate(op);
    this.#server.replies.begin();
    this.send(xid, op, unknown ? -1 : this.#server.lastProcessedZxid, code);
    if (unknown) this.#connection.close(`operation ${op} is not known`, true);
  }

  /** Answers a multi of which part number `failed` is refused because its session is local. */
  refusePart({ xid, op, bytes, start, end }: Pending, failed: number): void {
    const { writer } = this.#server.replies.begin();
    const asked = partTypes(new JuteReader(bytes, start, end));
    const codeOf = (part: number) =>
      part < failed
        ? ErrorCode.OK
        : part === failed
          ? ErrorCode.EPHEMERALONLOCALSESSION
          : ErrorCode.RUNTIMEINCONSISTENCY;
    const results = asked.map((_, part) => resultOf(OpCode.error, codeOf(part), '', null));
    writeMultiReply(writer, { ...resultOf(op, ErrorCode.OK, '', null), results }, asked);
    this.send(xid, op, this.#server.lastProcessedZxid, ErrorCode.OK);
  }

  /** A reply without a body. */
  done(xid: number, op: number): void {
    this.#server.replies.begin();
    this.send(xid, op, this.#server.lastProcessedZxid, ErrorCode.OK);
  }

  /** Carries out an auth or sasl request, and answers it. */
  authenticate(xid: number, op: number, reader: JuteReader): void {
    const { replies, parts } = this.#server;
    const { scheme, ok } = authenticate(op, reader, this.#connection.ids, replies.begin().writer);
    this.send(xid, op, 0, ok ? ErrorCode.OK : ErrorCode.AUTHFAILED);
    if (ok) return;
    parts.metrics.counter('auth_refused_count').add();
    const reason = `authentication with scheme ${printable(scheme)} failed`;
    const { remote: from, sessionId } = this.#connection;
    parts.events.emit({ kind: 'clientRefused', from, session: sessionIdHex(sessionId), reason });
    this.#connection.close(reason);
  }
}
