import type { Request } from '../../processors/request.ts';
import { DIGEST_VERSION, type TreeDigest } from '../../tree/digest.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import {
  TXN_HEADER_BYTES,
  type TxnBody,
  type TxnHeader,
  writeTxnBody,
  writeTxnHeader,
} from '../../wire/txn.ts';
import { TXN_START, TXN_TRAILER_BYTES } from '../../wire/txn-packet.ts';

/** Data of at least this size are not written to the writer first. */
const LARGE_DATA_BYTES_MIN = 4 * 1024;
const INT_BYTES = 4;

type TxnWithData = Extract<TxnBody, { data: Buffer | null }>;

/** Serialises each transaction once: the log, PROPOSAL and INFORM take the same bytes. */
export class ProposalWriter {
  readonly #writer = new JuteWriter(1024);
  readonly #digest: TreeDigest | null;
  /** Sizes of the transactions in proposals, in bytes, for `srvr`. */
  readonly sizes = { last: -1, min: -1, max: -1 };

  /** `digest`: that of the tree after the transaction being written; null when `digest.enabled` is false. */
  constructor(digest: TreeDigest | null) {
    this.#digest = digest;
  }

  /** Large data of `body` are part of the packet afterwards, so that the tree can keep them there. */
  write(header: TxnHeader, body: TxnBody, request: Request): Buffer {
    const data = dataOf(body);
    const bytes =
      data === null || data.length < LARGE_DATA_BYTES_MIN
        ? this.#small(header, body)
        : this.#large(header, body as TxnWithData, data, request);
    this.#measure(bytes.length - TXN_START - TXN_TRAILER_BYTES);
    return bytes;
  }

  #small(header: TxnHeader, body: TxnBody): Buffer {
    const writer = this.#begin(header, body);
    writer.patchInt(TXN_START - INT_BYTES, writer.length - TXN_START);
    return writer.writeInt(NO_AUTHINFO).toBuffer();
  }

  /** Writes the packet up to the digest, without the length of the transaction. */
  #begin(header: TxnHeader, body: TxnBody): JuteWriter {
    const writer = this.#writer.reset();
    writer.writeInt(PacketType.PROPOSAL).writeLong(header.zxid).writeInt(0);
    writeTxnHeader(writer, header);
    writeTxnBody(writer, body);
    if (this.#digest !== null) {
      writer.writeInt(DIGEST_VERSION);
      const at = writer.reserve(8);
      this.#digest.writeTo(writer.buffer, at);
    }
    return writer;
  }

  /** Writes only what stands around the data: in the request itself if there is room, else in new memory. */
  #large(header: TxnHeader, body: TxnWithData, data: Buffer, request: Request): Buffer {
    const writer = this.#begin(header, { ...body, data: EMPTY });
    writer.writeInt(NO_AUTHINFO);
    const { buffer, length } = writer;
    const pathAt = TXN_START + TXN_HEADER_BYTES;
    const dataAt = pathAt + INT_BYTES + buffer.readInt32BE(pathAt) + INT_BYTES;
    writer.patchInt(dataAt - INT_BYTES, data.length);
    writer.patchInt(TXN_START - INT_BYTES, length + data.length - TXN_START - TXN_TRAILER_BYTES);
    const inPlace = aroundData(request, data, dataAt, length - dataAt);
    const bytes = inPlace ?? Buffer.allocUnsafeSlow(length + data.length);
    if (inPlace === null) {
      data.copy(bytes, dataAt);
      body.data = bytes.subarray(dataAt, dataAt + data.length);
    }
    buffer.copy(bytes, 0, 0, dataAt);
    buffer.copy(bytes, dataAt + data.length, dataAt, length);
    return bytes;
  }

  #measure(bytes: number): void {
    const { sizes } = this;
    sizes.last = bytes;
    if (bytes > sizes.max) sizes.max = bytes;
    if (sizes.min < 0 || bytes < sizes.min) sizes.min = bytes;
  }
}

/** In each of these transactions, the path and the data come first. */
function dataOf(body: TxnBody): Buffer | null {
  switch (body.type) {
    case OpCode.setData:
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return body.data;
    default:
      return null;
  }
}

/** The memory of the request from `before` bytes in front of its data to `behind` bytes behind them. */
function aroundData(request: Request, data: Buffer, before: number, behind: number): Buffer | null {
  const { bytes, isRoomy } = request;
  if (!isRoomy || data.buffer !== bytes.buffer) return null;
  const start = data.byteOffset - bytes.byteOffset - before;
  const end = start + before + data.length + behind;
  return start >= 0 && end <= bytes.length ? bytes.subarray(start, end) : null;
}

const NO_AUTHINFO = -1;
const EMPTY = Buffer.alloc(0);
