import type { AclDecisions } from '../auth/acl-decisions.ts';
import { fixupAcl } from '../auth/fixup-acl.ts';
import { joinId } from '../collections/long-map.ts';
import type { Configuration } from '../membership/configuration.ts';
import { CONFIG_PATH, type DataTree } from '../tree/data-tree.ts';
import { CONTAINER_OWNER, ownerKind, ttlOfOwner, ttlOwner } from '../tree/owner.ts';
import { ZNode } from '../tree/znode.ts';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader, JuteWriter, utf8Bytes } from '../wire/jute.ts';
import type { JuteLimits } from '../wire/jute-limits.ts';
import { OpCode } from '../wire/opcodes.ts';
import { parentOf, pathProblem } from '../wire/path.ts';
import {
  type CreateRequest,
  type CreateTtlRequest,
  type PathVersionRequest,
  type ReconfigRequest,
  readCreateRequest,
  readCreateTtlRequest,
  readPath,
  readPathVersionRequest,
  readReconfigRequest,
  readSetAclRequest,
  readSetDataRequest,
  type SetAclRequest,
  type SetDataRequest,
} from '../wire/requests.ts';
import { TXN_DIGEST_BYTES, TXN_HEADER_BYTES, type TxnBody, writeTxnBody } from '../wire/txn.ts';
import { errorTxn, MultiPreparation } from './multi-preparation.ts';
import { OutstandingChanges } from './outstanding-changes.ts';
import type { Request } from './request.ts';
import {
  CONTAINER,
  EPHEMERAL,
  isOpenAcl,
  isPathToCreate,
  isPathToDelete,
  refusalOfMode,
  SEQUENTIAL,
  TTL_SEQUENTIAL,
} from './request-rules.ts';

const LENGTH_BYTES = 4;
/** The version of the node after a reconfiguration, which tells it from what a client wrote there. */
const CONFIG_VERSION = -1;
/** Limit on the expanded size of `auth` ACL entries in one transaction. One entry can expand to 100 KiB. */
const AUTH_ACL_CHARS_MAX = 256 * 1024;
/**
 * Bounds the growth from a request to its transaction: an id in an ACL whose bytes are no UTF-8 (each becomes
 * U+FFFD, three bytes), the suffix of a sequential node in each part of a multi (less than half of the
 * part), expanded `auth` entries or the text of a configuration, which is no longer, header and digest. A
 * request that stays below the limit with these is not measured.
 */
const GROWTH_FACTOR = 3;
const GROWTH_BYTES = AUTH_ACL_CHARS_MAX * 3 + 128;

type CreateOp =
  | typeof OpCode.create
  | typeof OpCode.create2
  | typeof OpCode.createContainer
  | typeof OpCode.createTTL;

export interface PrepOptions {
  readonly skipAcl: boolean;
  readonly jute: JuteLimits;
  /** A digest follows each transaction (digest.enabled). */
  readonly digestEnabled: boolean;
  /** closeSession transactions name the ephemerals that they delete (closeSessionTxn.enabled). */
  readonly closeSessionTxnEnabled: boolean;
  /** The configuration that a reconfig makes, or the code of its refusal. */
  readonly reconfigure: (asked: ReconfigRequest, zxid: number) => Configuration | number;
  /** A configuration is proposed and not committed. */
  readonly isReconfiguring: () => boolean;
}

/**
 * Turns a request into its transaction, checked against the tree and everything outstanding. It does no I/O
 * and reads no clock: the caller gives zxid and time. Every outcome spends the zxid: a refusal is an error
 * transaction. The order of the checks decides which error a client sees. @see docs/wire.md "Order of checks"
 *
 * A transaction that some server could not read back is refused with MARSHALLINGERROR, the code that upstream
 * answers to requests that it cannot carry out for such a reason.
 */
export class PrepRequestProcessor {
  readonly changes: OutstandingChanges;
  readonly #tree: DataTree;
  readonly #options: PrepOptions;
  readonly #access: AclDecisions;
  readonly #authAllowance = { charsLeft: AUTH_ACL_CHARS_MAX };

  constructor(tree: DataTree, access: AclDecisions, options: PrepOptions) {
    this.#tree = tree;
    this.#access = access;
    this.#options = options;
    this.changes = new OutstandingChanges(tree);
  }

  /** @throws JuteError when the body is not what the operation says; nothing is pending then */
  prepare(request: Request, zxid: number, timeMs: number): TxnBody {
    if (request.op === OpCode.multi) {
      const multi = this.beginMulti(request, zxid, timeMs);
      multi.step(Number.POSITIVE_INFINITY);
      return multi.body;
    }
    this.#authAllowance.charsLeft = AUTH_ACL_CHARS_MAX;
    if (!this.#mayBeTooLong(request)) return this.#single(request, zxid, timeMs);
    this.changes.begin();
    try {
      return this.#end(request, this.#single(request, zxid, timeMs));
    } catch (error) {
      this.changes.rollback();
      throw error;
    }
  }

  /** Nothing else may be prepared until the multi is done. Earlier transactions may be applied meanwhile. */
  beginMulti(request: Request, zxid: number, timeMs: number): MultiPreparation {
    this.#authAllowance.charsLeft = AUTH_ACL_CHARS_MAX;
    this.changes.begin();
    return new MultiPreparation(request, this.changes, {
      part: (type, reader) => this.#one(type, reader, request, zxid, timeMs),
      end: body => this.#end(request, body),
    });
  }

  #mayBeTooLong({ start, end }: Request): boolean {
    return (end - start) * GROWTH_FACTOR + GROWTH_BYTES > this.#options.jute.txnBytesMax;
  }

  #end(request: Request, body: TxnBody): TxnBody {
    if (this.#mayBeTooLong(request) && this.#isTooLong(body)) {
      this.changes.rollback();
      return errorTxn(ErrorCode.MARSHALLINGERROR);
    }
    this.changes.commit();
    return body;
  }

  #single(request: Request, zxid: number, timeMs: number): TxnBody {
    // Learners of other implementations forward requests that they should have refused. @see ZOOKEEPER-2623
    if (request.op === OpCode.check) return errorTxn(ErrorCode.UNIMPLEMENTED);
    const reader = new JuteReader(request.bytes, request.start, request.end);
    const result = this.#one(request.op, reader, request, zxid, timeMs);
    return typeof result === 'number' ? { type: OpCode.error, err: result } : result;
  }

  #one(op: number, reader: JuteReader, request: Request, zxid: number, timeMs: number): TxnBody | number {
    switch (op) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
        return this.#create(op, readCreateRequest(reader), request, zxid, timeMs);
      case OpCode.delete:
        return this.#delete(readPathVersionRequest(reader), request.identities, zxid);
      case OpCode.deleteContainer:
        return this.#deleteContainer(readPath(reader), zxid, timeMs);
      case OpCode.setData:
        return this.#setData(readSetDataRequest(reader), request.identities, zxid, timeMs);
      case OpCode.setACL:
        return this.#setAcl(readSetAclRequest(reader), request.identities, zxid);
      case OpCode.createTTL:
        return this.#create(op, readCreateTtlRequest(reader), request, zxid, timeMs);
      case OpCode.check:
        return this.#check(readPathVersionRequest(reader), request.identities);
      case OpCode.createSession:
        return { type: OpCode.createSession, timeoutMs: reader.readInt() };
      case OpCode.closeSession:
        return this.#closeSession(joinId(request.sessionHigh, request.sessionLow), zxid);
      case OpCode.reconfig:
        return this.#reconfig(readReconfigRequest(reader), request, zxid, timeMs);
      default:
        return ErrorCode.UNIMPLEMENTED;
    }
  }

  #create(
    named: CreateOp,
    asked: CreateRequest | CreateTtlRequest,
    request: Request,
    zxid: number,
    timeMs: number,
  ): TxnBody | number {
    const { flags } = asked;
    const refused = refusalOfMode(named, asked, this.#tree.ownerLayout);
    if (refused !== ErrorCode.OK) return refused;
    // As upstream, where only the flags in a multi identify a container. Seen on 3.8.0.
    const op = request.op === OpCode.multi && flags === CONTAINER ? OpCode.createContainer : named;
    const ttlMs = 'ttlMs' in asked ? asked.ttlMs : null;
    const ephemeral = flags < CONTAINER && (flags & EPHEMERAL) !== 0;
    if (ephemeral && request.isLocalSession) return ErrorCode.SESSIONEXPIRED;
    if (!isPathToCreate(asked.path)) return ErrorCode.BADARGUMENTS;
    const acl = this.#fixAcl(request.identities, asked.acl);
    if (acl === null) return ErrorCode.INVALIDACL;
    const slash = asked.path.lastIndexOf('/');
    const parentPath = slash === 0 ? '/' : asked.path.slice(0, slash);
    const parent = this.changes.find(parentPath);
    if (parent === undefined) return ErrorCode.NONODE;
    if (!this.#allows(parent.acl, Perms.CREATE, request.identities)) return ErrorCode.NOAUTH;
    const sequential = flags === TTL_SEQUENTIAL || (flags < CONTAINER && (flags & SEQUENTIAL) !== 0);
    const path = sequential ? asked.path + sequenceSuffix(parent.cversion) : asked.path;
    if (pathProblem(path) !== null) return ErrorCode.BADARGUMENTS;
    if (this.changes.find(path) !== undefined) return ErrorCode.NODEEXISTS;
    if (ownerKind(parent.ephemeralOwner, this.#tree.ownerLayout) === 'session')
      return ErrorCode.NOCHILDRENFOREPHEMERALS;

    const owner = ephemeral
      ? joinId(request.sessionHigh, request.sessionLow)
      : op === OpCode.createContainer
        ? CONTAINER_OWNER
        : ttlMs === null
          ? 0n
          : ttlOwner(ttlMs);
    const data = asked.data;
    const parentRecord = this.changes.change(parent, parentPath, zxid);
    parentRecord.cversion = (parentRecord.cversion + 1) | 0;
    parentRecord.pzxid = zxid;
    parentRecord.childCount++;
    this.changes.changed(parentRecord);
    this.changes.create(path, new ZNode(data, acl, owner, zxid, timeMs), zxid);
    const parentCVersion = parentRecord.cversion;
    if (op === OpCode.createContainer) return { type: op, path, data, acl, parentCVersion };
    if (op !== OpCode.createTTL) return { type: op, path, data, acl, ephemeral, parentCVersion };
    return { type: op, path, data, acl, parentCVersion, ttlMs: ttlMs ?? 0 };
  }

  #delete(asked: PathVersionRequest, identities: () => readonly Id[], zxid: number): TxnBody | number {
    const { path } = asked;
    if (!isPathToDelete(path)) return ErrorCode.BADARGUMENTS;
    const parentPath = parentOf(path);
    const parent = this.changes.find(parentPath);
    if (parent === undefined) return ErrorCode.NONODE;
    if (!this.#allows(parent.acl, Perms.DELETE, identities)) return ErrorCode.NOAUTH;
    const node = this.changes.find(path);
    if (node === undefined) return ErrorCode.NONODE;
    if (asked.version !== -1 && asked.version !== node.version) return ErrorCode.BADVERSION;
    if (this.changes.childCountOf(node) > 0) return ErrorCode.NOTEMPTY;
    this.#deletePending(path, zxid);
    return { type: OpCode.delete, path };
  }

  /**
   * Only the leader asks for this, of containers and TTL nodes. Since it looked, a child may have been
   * created or the node written. Upstream does not check the latter, and deletes a node that a write has just
   * renewed.
   */
  #deleteContainer(path: string, zxid: number, timeMs: number): TxnBody | number {
    const node = this.changes.find(path);
    if (node === undefined) return ErrorCode.NONODE;
    const owner = node.ephemeralOwner;
    const kind = ownerKind(owner, this.#tree.ownerLayout);
    if (kind !== 'container' && kind !== 'ttl') return ErrorCode.BADARGUMENTS;
    if (this.changes.childCountOf(node) > 0) return ErrorCode.NOTEMPTY;
    if (kind === 'ttl' && timeMs - node.mtime <= ttlOfOwner(owner)) return ErrorCode.BADVERSION;
    this.#deletePending(path, zxid);
    return { type: OpCode.deleteContainer, path };
  }

  #deletePending(path: string, zxid: number): void {
    const parentPath = parentOf(path);
    const parent = this.changes.find(parentPath);
    const node = this.changes.find(path);
    if (parent === undefined || node === undefined) return;
    const parentRecord = this.changes.change(parent, parentPath, zxid);
    parentRecord.childCount--;
    if (zxid > parentRecord.pzxid) parentRecord.pzxid = zxid;
    this.changes.changed(parentRecord);
    this.changes.delete(node, path, zxid);
  }

  #setData(
    asked: SetDataRequest,
    identities: () => readonly Id[],
    zxid: number,
    timeMs: number,
  ): TxnBody | number {
    const { path } = asked;
    const node = this.changes.find(path);
    if (node === undefined) return pathProblem(path) === null ? ErrorCode.NONODE : ErrorCode.BADARGUMENTS;
    if (!this.#allows(node.acl, Perms.WRITE, identities)) return ErrorCode.NOAUTH;
    if (asked.version !== -1 && asked.version !== node.version) return ErrorCode.BADVERSION;
    // Such a write would hide the proposed configuration from a member that finds it in its log.
    if (path === CONFIG_PATH && this.#options.isReconfiguring()) return ErrorCode.RECONFIGINPROGRESS;
    const record = this.changes.change(node, path, zxid);
    record.setData(asked.data);
    record.version = nextVersion(record.version);
    record.mzxid = zxid;
    record.mtime = timeMs;
    this.changes.changed(record);
    return { type: OpCode.setData, path, data: record.data, version: record.version };
  }

  /** The permission is checked last, as upstream. */
  #reconfig(asked: ReconfigRequest, request: Request, zxid: number, timeMs: number): TxnBody | number {
    const next = this.#options.reconfigure(asked, zxid);
    if (typeof next === 'number') return next;
    const path = CONFIG_PATH;
    const node = this.changes.find(path);
    if (node === undefined) return ErrorCode.NONODE;
    if (!this.#allows(node.acl, Perms.WRITE, request.identities)) return ErrorCode.NOAUTH;
    const record = this.changes.change(node, path, zxid);
    record.setData(Buffer.from(next.verifier.text, 'utf8'));
    record.version = CONFIG_VERSION;
    record.mzxid = zxid;
    record.mtime = timeMs;
    this.changes.changed(record);
    return { type: OpCode.reconfig, path, data: record.data, version: record.version };
  }

  #setAcl(asked: SetAclRequest, identities: () => readonly Id[], zxid: number): TxnBody | number {
    const { path } = asked;
    if (pathProblem(path) !== null) return ErrorCode.BADARGUMENTS;
    const acl = this.#fixAcl(identities, asked.acl);
    if (acl === null) return ErrorCode.INVALIDACL;
    const node = this.changes.find(path);
    if (node === undefined) return ErrorCode.NONODE;
    if (!this.#allows(node.acl, Perms.ADMIN, identities)) return ErrorCode.NOAUTH;
    if (asked.version !== -1 && asked.version !== node.aversion) return ErrorCode.BADVERSION;
    const record = this.changes.change(node, path, zxid);
    record.acl = acl;
    record.aversion = nextVersion(record.aversion);
    this.changes.changed(record);
    return { type: OpCode.setACL, path, acl, version: record.aversion };
  }

  #check(asked: PathVersionRequest, identities: () => readonly Id[]): TxnBody | number {
    const node = this.changes.find(asked.path);
    if (node === undefined)
      return pathProblem(asked.path) === null ? ErrorCode.NONODE : ErrorCode.BADARGUMENTS;
    if (!this.#allows(node.acl, Perms.READ, identities)) return ErrorCode.NOAUTH;
    if (asked.version !== -1 && asked.version !== node.version) return ErrorCode.BADVERSION;
    return { type: OpCode.check, path: asked.path, version: nextVersion(node.version) };
  }

  #closeSession(sessionId: bigint, zxid: number): TxnBody {
    const type = OpCode.closeSession;
    const paths = this.changes.endSession(sessionId, zxid);
    const { closeSessionTxnEnabled, jute } = this.#options;
    if (!closeSessionTxnEnabled) return { type, paths: null, withoutBody: true };
    // A closeSession cannot be refused. Without the list, every server deletes what its own tree says, as
    // before 3.6. ZOOKEEPER-4306
    let bytes = TXN_HEADER_BYTES + LENGTH_BYTES + this.#digestBytes;
    for (const path of paths) bytes += LENGTH_BYTES + utf8Bytes(path);
    return { type, paths: bytes > jute.txnBytesMax ? null : paths };
  }

  /** Measures the bytes that would be written. */
  #isTooLong(body: TxnBody): boolean {
    const writer = new JuteWriter();
    writeTxnBody(writer, body);
    return TXN_HEADER_BYTES + writer.length + this.#digestBytes > this.#options.jute.txnBytesMax;
  }

  get #digestBytes(): number {
    return this.#options.digestEnabled ? TXN_DIGEST_BYTES : 0;
  }

  /**
   * Nearly every create asks for the open ACL, which needs no identity. Sharing one list also makes the check
   * a comparison of references.
   */
  #fixAcl(identities: () => readonly Id[], acl: readonly Acl[] | null): readonly Acl[] | null {
    if (isOpenAcl(acl)) return OPEN_ACL_UNSAFE;
    return fixupAcl(identities(), acl, this.#authAllowance, this.#access.providers);
  }

  #allows(acl: readonly Acl[], perm: number, identities: () => readonly Id[]): boolean {
    if (acl === OPEN_ACL_UNSAFE || this.#options.skipAcl) return true;
    return this.#access.allows(acl, perm, identities());
  }
}

/** Ten digits. After 2^31-1 the counter becomes negative, as upstream's does. */
function sequenceSuffix(cversion: number): string {
  return cversion < 0 ? `-${String(-cversion).padStart(9, '0')}` : String(cversion).padStart(10, '0');
}

/** Clients use -1 for "any version", so a version that wraps skips it. @see ZOOKEEPER-4743 */
function nextVersion(version: number): number {
  const next = (version + 1) | 0;
  return next === -1 ? 0 : next;
}
