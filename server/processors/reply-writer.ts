import type { Connection } from '../runtime/runtime.ts';
import { writeNodeStat } from '../tree/node-reply.ts';
import type { OwnerLayout } from '../tree/owner.ts';
import type { TxnResult } from '../tree/txn-result.ts';
import { JuteWriter } from '../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeStat } from '../wire/stat.ts';

/** Length and ReplyHeader: int length | int xid | long zxid | int err */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;

/** Data of at least this size is sent without being copied into the reply. */
const SHARED_BYTES_MIN = 16 * 1024;

/**
 * A reply, or the body of one. Large buffers that nobody changes are not copied into it but written between
 * two parts of it. This is not a subclass of `JuteWriter`: with two kinds of writers, all writing becomes
 * slower.
 */
export class ReplyBody {
  readonly writer = new JuteWriter(4096);
  /** The position of each buffer in `#shared`. */
  readonly #sharedAt: number[] = [];
  readonly #shared: Uint8Array[] = [];
  #sharedBytes = 0;

  /** Includes the bytes of shared buffers. */
  get totalBytes(): number {
    return this.writer.length + this.#sharedBytes;
  }

  dropShared(): void {
    if (this.#sharedBytes === 0) return;
    this.#sharedAt.length = 0;
    this.#shared.length = 0;
    this.#sharedBytes = 0;
  }

  /** Like `writeBuffer`, but without a copy: `value` must not change afterwards. */
  writeData(value: Uint8Array | null): void {
    if (value === null || value.length < SHARED_BYTES_MIN) {
      this.writer.writeBuffer(value);
      return;
    }
    this.writer.writeInt(value.length);
    this.appendShared(value);
  }

  /** Appends the bytes without a length. They must not change afterwards. */
  appendShared(bytes: Uint8Array): void {
    this.#sharedAt.push(this.writer.length);
    this.#shared.push(bytes);
    this.#sharedBytes += bytes.length;
  }

  /** Appends the contents of `other`, from `start` of its own bytes on. */
  append(other: ReplyBody, start = 0): void {
    const { buffer, length } = other.writer;
    let from = start;
    for (const [i, at] of other.#sharedAt.entries()) {
      this.writer.writeRaw(buffer, from, at);
      this.appendShared(other.#shared[i]!);
      from = at;
    }
    this.writer.writeRaw(buffer, from, length);
  }

  /** False if the connection holds more than it should. */
  writeTo(connection: Connection): boolean {
    const { buffer, length } = this.writer;
    let from = 0;
    if (this.#sharedBytes > 0) {
      for (const [i, at] of this.#sharedAt.entries()) {
        connection.write(buffer, from, at);
        connection.writeShared(this.#shared[i]!);
        from = at;
      }
    }
    return connection.write(buffer, from, length);
  }
}

/** Builds one reply frame at a time. `begin`, write the body, `send`; an error frame has no body. */
export class ReplyWriter {
  readonly reply = new ReplyBody();
  readonly #writer = this.reply.writer;
  /** Size of the last reply, without the length in front of it. */
  replyBytes = 0;

  begin(): ReplyBody {
    this.reply.dropShared();
    this.#writer.reset().reserve(HEAD_BYTES);
    return this.reply;
  }

  send(connection: Connection, xid: number, zxid: number, err: number): boolean {
    const frame = this.#writer;
    if (err !== 0) {
      frame.length = HEAD_BYTES;
      this.reply.dropShared();
    }
    const bytes = this.reply.totalBytes;
    frame.patchInt(0, bytes - LENGTH_BYTES);
    frame.patchInt(4, xid);
    const high = Math.floor(zxid / 0x1_0000_0000);
    frame.patchInt(8, high);
    frame.patchInt(12, zxid - high * 0x1_0000_0000);
    frame.patchInt(16, err);
    this.replyBytes = bytes - LENGTH_BYTES;
    if (bytes === frame.length) return connection.write(frame.buffer, 0, bytes);
    const keepsUp = this.reply.writeTo(connection);
    // The shared bytes may be the last reference to the data of a deleted node.
    this.reply.dropShared();
    return keepsUp;
  }
}

/**
 * Writes the body that answers an applied multi, whose parts the client asked for as `asked`. @see
 * docs/wire.md "Multi"
 */
export function writeMultiReply(writer: JuteWriter, result: TxnResult, asked: readonly number[]): void {
  for (const [i, part] of (result.results ?? []).entries())
    writeMultiPart(writer, part, asked[i] ?? part.type);
  writeMultiEnd(writer);
}

/** Writes the body that answers any other applied transaction. @see docs/wire.md "Operations" */
export function writeTxnReply(writer: JuteWriter, result: TxnResult, layout: OwnerLayout): void {
  switch (result.type) {
    case OpCode.create:
      writer.writeString(result.path);
      return;
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      writer.writeString(result.path);
      if (result.node !== null) writeNodeStat(writer, result.node, layout);
      return;
    case OpCode.reconfig:
      if (result.node === null) return;
      writer.writeBuffer(result.node.data);
      writeNodeStat(writer, result.node, layout);
      return;
    case OpCode.setData:
    case OpCode.setACL:
      if (result.node !== null) writeNodeStat(writer, result.node, layout);
      return;
    default:
  }
}

function writeMultiPart(writer: JuteWriter, part: TxnResult, asked: number): void {
  if (part.type === OpCode.error) {
    writeMultiHeader(writer, OpCode.error, false, part.err);
    writer.writeInt(part.err);
    return;
  }
  // A create with the flags of a container is answered like createContainer.
  const hasOwnKind = part.type === OpCode.createContainer || part.type === OpCode.createTTL;
  const type = hasOwnKind ? OpCode.create2 : asked;
  writeMultiHeader(writer, type, false, 0);
  if (type === OpCode.delete || type === OpCode.check) return;
  if (type !== OpCode.setData) writer.writeString(part.path);
  if (type !== OpCode.create && part.stat !== null) writeStat(writer, part.stat);
}
