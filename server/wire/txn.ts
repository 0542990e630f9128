import { type Acl, readAcls, writeAcl } from './acl.ts';
import { JuteError, JuteReader, type JuteWriter } from './jute.ts';
import { OpCode } from './opcodes.ts';
import { readPath } from './requests.ts';

/**
 * A transaction as PROPOSAL, INFORM and the log carry it: header, body, and the digest of the tree after it.
 * @see docs/storage.md "Transactions"
 */
export interface TxnHeader {
  /** The session that asked for it, as two halves of 64 bits, because every write uses them. */
  clientHigh: number;
  clientLow: number;
  cxid: number;
  zxid: number;
  /** ms since 1970, from the leader's clock */
  time: number;
  type: number;
}

export const TXN_HEADER_BYTES = 32;

export function readTxnHeader(reader: JuteReader): TxnHeader {
  return {
    clientHigh: reader.readInt(),
    clientLow: reader.readInt(),
    cxid: reader.readInt(),
    zxid: reader.readLong(),
    time: reader.readLong(),
    type: reader.readInt(),
  };
}

export function writeTxnHeader(writer: JuteWriter, header: TxnHeader): void {
  writer.writeInt(header.clientHigh).writeInt(header.clientLow).writeInt(header.cxid);
  writer.writeLong(header.zxid).writeLong(header.time).writeInt(header.type);
}

/** The session id of a header as one number. */
export function clientIdOf(header: TxnHeader): bigint {
  return (BigInt(header.clientHigh) << 32n) | BigInt(header.clientLow >>> 0);
}

export interface CreateTxn {
  type: typeof OpCode.create | typeof OpCode.create2;
  path: string;
  data: Buffer | null;
  acl: readonly Acl[];
  ephemeral: boolean;
  /** What the parent's stored cversion becomes; -1 in very old logs: increment */
  parentCVersion: number;
}
export interface CreateContainerTxn {
  type: typeof OpCode.createContainer;
  path: string;
  data: Buffer | null;
  acl: readonly Acl[];
  parentCVersion: number;
}
export interface CreateTtlTxn {
  type: typeof OpCode.createTTL;
  path: string;
  data: Buffer | null;
  acl: readonly Acl[];
  parentCVersion: number;
  ttlMs: number;
}
export interface DeleteTxn {
  type: typeof OpCode.delete | typeof OpCode.deleteContainer;
  path: string;
}
export interface SetDataTxn {
  type: typeof OpCode.setData | typeof OpCode.reconfig;
  path: string;
  data: Buffer | null;
  /** The version after this transaction */
  version: number;
}
export interface SetAclTxn {
  type: typeof OpCode.setACL;
  path: string;
  acl: readonly Acl[];
  /** The aversion after this transaction */
  version: number;
}
export interface CreateSessionTxn {
  type: typeof OpCode.createSession;
  timeoutMs: number;
}
export interface CloseSessionTxn {
  type: typeof OpCode.closeSession;
  /** Ephemeral paths that the end of the session deletes; null: those in the tree of each server */
  paths: string[] | null;
  /**
   * True with closeSessionTxn.enabled=false, and before 3.6: nothing stands between the header and the
   * digest, if there is one.
   */
  withoutBody?: true;
}
export interface CheckTxn {
  type: typeof OpCode.check;
  path: string;
  version: number;
}
export interface ErrorTxn {
  type: typeof OpCode.error;
  err: number;
}
export interface MultiTxn {
  type: typeof OpCode.multi;
  txns: TxnBody[];
}
export type TxnBody =
  | CreateTxn
  | CreateContainerTxn
  | CreateTtlTxn
  | DeleteTxn
  | SetDataTxn
  | SetAclTxn
  | CreateSessionTxn
  | CloseSessionTxn
  | CheckTxn
  | ErrorTxn
  | MultiTxn;

/** @throws JuteError for a body that is not what `type` says, or a type that no server writes */
export function readTxnBody(reader: JuteReader, type: number): TxnBody {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
      return {
        type,
        path: readPath(reader),
        data: reader.readBuffer(),
        acl: readAclList(reader),
        ephemeral: reader.readBoolean(),
        parentCVersion: reader.remaining >= 4 ? reader.readInt() : -1,
      };
    case OpCode.createContainer:
      return {
        type,
        path: readPath(reader),
        data: reader.readBuffer(),
        acl: readAclList(reader),
        parentCVersion: reader.readInt(),
      };
    case OpCode.createTTL:
      return {
        type,
        path: readPath(reader),
        data: reader.readBuffer(),
        acl: readAclList(reader),
        parentCVersion: reader.readInt(),
        ttlMs: reader.readLong(),
      };
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { type, path: readPath(reader) };
    case OpCode.setData:
    case OpCode.reconfig:
      return { type, path: readPath(reader), data: reader.readBuffer(), version: reader.readInt() };
    case OpCode.setACL:
      return { type, path: readPath(reader), acl: readAclList(reader), version: reader.readInt() };
    case OpCode.createSession:
      return { type, timeoutMs: reader.readInt() };
    case OpCode.closeSession:
      return readCloseSession(reader);
    case OpCode.check:
      return { type, path: readPath(reader), version: reader.readInt() };
    case OpCode.error:
      return { type, err: reader.readInt() };
    case OpCode.multi:
      return { type, txns: readMultiTxns(reader) };
    default:
      throw new JuteError(`unknown transaction type ${type}`);
  }
}

export function writeTxnBody(writer: JuteWriter, txn: TxnBody): void {
  switch (txn.type) {
    case OpCode.create:
    case OpCode.create2:
      writer.writeString(txn.path).writeBuffer(txn.data).writeVector(txn.acl, writeAcl);
      writer.writeBoolean(txn.ephemeral).writeInt(txn.parentCVersion);
      return;
    case OpCode.createContainer:
    case OpCode.createTTL:
      writer
        .writeString(txn.path)
        .writeBuffer(txn.data)
        .writeVector(txn.acl, writeAcl)
        .writeInt(txn.parentCVersion);
      if (txn.type === OpCode.createTTL) writer.writeLong(txn.ttlMs);
      return;
    case OpCode.delete:
    case OpCode.deleteContainer:
      writer.writeString(txn.path);
      return;
    case OpCode.setData:
    case OpCode.reconfig:
      writer.writeString(txn.path).writeBuffer(txn.data).writeInt(txn.version);
      return;
    case OpCode.setACL:
      writer.writeString(txn.path).writeVector(txn.acl, writeAcl).writeInt(txn.version);
      return;
    case OpCode.createSession:
      writer.writeInt(txn.timeoutMs);
      return;
    case OpCode.closeSession:
      if (txn.withoutBody !== true) writer.writeVector(txn.paths, (w, path) => void w.writeString(path));
      return;
    case OpCode.check:
      writer.writeString(txn.path).writeInt(txn.version);
      return;
    case OpCode.error:
      writer.writeInt(txn.err);
      return;
    case OpCode.multi:
      writer.writeVector(txn.txns, writeSubTxn);
      return;
  }
}

/**
 * Reads what follows the header: a list of paths, the digest, or nothing. The length does not decide, since a
 * list may have the twelve bytes of a digest. But a digest starts with its version, 2, and two paths take
 * more than the eight bytes after it. So bytes that cannot be read as a list of paths are no body. Apache's
 * servers decide the same way, as long as they can.
 */
function readCloseSession(reader: JuteReader): CloseSessionTxn {
  const type = OpCode.closeSession;
  const start = reader.offset;
  try {
    return { type, paths: reader.readVector(readAbsolutePath) };
  } catch (error) {
    if (!(error instanceof JuteError)) throw error;
    reader.offset = start;
    return { type, paths: null, withoutBody: true };
  }
}

function readAbsolutePath(reader: JuteReader): string {
  const path = readPath(reader);
  if (!path.startsWith('/')) throw new JuteError('a path that does not start with a slash');
  return path;
}

function readAclList(reader: JuteReader): readonly Acl[] {
  return readAcls(reader) ?? [];
}

/** One element: int type, buffer body. */
function writeSubTxn(writer: JuteWriter, txn: TxnBody): void {
  writer.writeInt(txn.type);
  const lengthAt = writer.reserve(4);
  const start = writer.length;
  writeTxnBody(writer, txn);
  writer.patchInt(lengthAt, writer.length - start);
}

function readMultiTxns(reader: JuteReader): TxnBody[] {
  return (
    reader.readVector(r => {
      const type = r.readInt();
      const body = r.readBuffer() ?? EMPTY;
      // Java followers log a failed multi with sub-type -1 but the body of the original operation, so only a
      // body of four bytes is an error code (seen on 3.8.0). @see docs/storage.md "Transactions"
      if (type === OpCode.error) return { type, err: body.length === 4 ? body.readInt32BE(0) : 0 };
      // No server writes one, and nesting without a bound would overflow the stack.
      if (type === OpCode.multi) throw new JuteError('a multi inside a multi');
      return readTxnBody(new JuteReader(body), type);
    }) ?? []
  );
}

const EMPTY = Buffer.alloc(0);

/** A TxnDigest follows the body when digests are on: a version (int) and the digest of the tree (long). */
export const TXN_DIGEST_BYTES = 12;
