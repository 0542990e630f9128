import type { Connection } from '../runtime/runtime.ts';
import type { TxnResult } from '../tree/data-tree.ts';
import { writeNodeStat } from '../tree/node-reply.ts';
import type { OwnerLayout } from '../tree/owner.ts';
import { JuteWriter } from '../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeStat } from '../wire/stat.ts';

/** Length and ReplyHeader: int length | int xid | long zxid | int err */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;

/** From here on the data of a node goes out as it is, not copied into the reply. */
const SHARED_BYTES_MIN = 16 * 1024;

/** The body of a reply. Large buffers that nobody changes are not copied into it: they stand between two parts of it. */
export class ReplyBody extends JuteWriter {
  /** Where each of `shared` belongs. */
  readonly #sharedAt: number[] = [];
  readonly #shared: Uint8Array[] = [];
  #sharedBytes = 0;

  /** Of the whole body, with what is not copied into it. */
  get totalBytes(): number {
    return this.length + this.#sharedBytes;
  }

  override reset(): this {
    if (this.#sharedBytes > 0) this.dropShared();
    return super.reset();
  }

  dropShared(): void {
    this.#sharedAt.length = 0;
    this.#shared.length = 0;
    this.#sharedBytes = 0;
  }

  /** As `writeBuffer`; nobody changes `value` from now on. */
  writeData(value: Uint8Array | null): void {
    if (value === null || value.length < SHARED_BYTES_MIN) {
      this.writeBuffer(value);
      return;
    }
    this.writeInt(value.length);
    this.appendShared(value);
  }

  /** The bytes alone. Nobody changes them from now on. */
  appendShared(bytes: Uint8Array): void {
    this.#sharedAt.push(this.length);
    this.#shared.push(bytes);
    this.#sharedBytes += bytes.length;
  }

  append(other: ReplyBody): void {
    let from = 0;
    for (const [i, at] of other.#sharedAt.entries()) {
      this.writeRaw(other.buffer, from, at);
      this.appendShared(other.#shared[i]!);
      from = at;
    }
    this.writeRaw(other.buffer, from, other.length);
  }

  /** False when the connection has more than it should. */
  writeTo(connection: Connection): boolean {
    let from = 0;
    if (this.#sharedBytes > 0) {
      for (const [i, at] of this.#sharedAt.entries()) {
        connection.write(this.buffer, from, at);
        connection.writeShared(this.#shared[i]!);
        from = at;
      }
    }
    return connection.write(this.buffer, from, this.length);
  }
}

/** Builds one reply frame at a time. `begin`, write the body to `body`, `send`; an error frame has no body. */
export class ReplyWriter {
  readonly body = new ReplyBody(4096);
  /** Of the last reply, without the length in front of it. */
  replyBytes = 0;

  begin(): ReplyBody {
    this.body.reset().reserve(HEAD_BYTES);
    return this.body;
  }

  send(connection: Connection, xid: number, zxid: number, err: number): boolean {
    const frame = this.body;
    if (err !== 0) {
      frame.length = HEAD_BYTES;
      frame.dropShared();
    }
    const bytes = frame.totalBytes;
    frame.patchInt(0, bytes - LENGTH_BYTES);
    frame.patchInt(4, xid);
    const high = Math.floor(zxid / 0x1_0000_0000);
    frame.patchInt(8, high);
    frame.patchInt(12, zxid - high * 0x1_0000_0000);
    frame.patchInt(16, err);
    this.replyBytes = bytes - LENGTH_BYTES;
    return frame.writeTo(connection);
  }
}

/** The body that answers an applied multi, whose parts were asked for as `asked`. @see facts section 6 */
export function writeMultiReply(writer: JuteWriter, result: TxnResult, asked: readonly number[]): void {
  for (const [i, part] of (result.results ?? []).entries())
    writeMultiPart(writer, part, asked[i] ?? part.type);
  writeMultiEnd(writer);
}

/** The body that answers any other applied transaction. @see facts section 3 */
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
  // A create that asked for a container by its flags is answered as one, too.
  const type = part.type === OpCode.createContainer ? OpCode.create2 : asked;
  writeMultiHeader(writer, type, false, 0);
  if (type === OpCode.delete || type === OpCode.check) return;
  if (type !== OpCode.setData) writer.writeString(part.path);
  if (type !== OpCode.create && part.stat !== null) writeStat(writer, part.stat);
}
