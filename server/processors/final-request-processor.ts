import type { AclDecisions } from '../auth/acl-decisions.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { STAT_BYTES, writeNodeStat } from '../tree/node-reply.ts';
import { addWatch, hasWatch, isWatcherType, Rearming, removeWatch } from '../tree/set-watches.ts';
import { type WatchManager, WatchMode } from '../tree/watch-manager.ts';
import { mayWatch, type WatchLimits } from '../tree/watch-memory.ts';
import type { Watcher } from '../tree/watcher.ts';
import { childCount, dataLength, type ZNode } from '../tree/znode.ts';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms, writeAcl } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteError, JuteReader, JuteWriter } from '../wire/jute.ts';
import type { JuteLimits } from '../wire/jute-limits.ts';
import { readMultiHeader, writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { readPath, readPathWatchRequest } from '../wire/requests.ts';
import { CountRead, type LongRead, MultiRead, NamesRead, type PartRead, RearmRead } from './long-read.ts';
import { NameList, NamesCache } from './name-list.ts';
import type { ReplyBody } from './reply-writer.ts';

/**
 * Answers with up to this many names take about a millisecond and are given at once. Longer ones take several
 * turns.
 */
const NAMES_AT_ONCE_MAX = 16_384;
const NODES_AT_ONCE_MAX = 1_000;
const WATCHES_AT_ONCE_BYTES_MAX = 16 * 1024;
/** Up to this many parts of a multiRead, about a turn of the loop, are read at one zxid. */
const PARTS_AT_ONCE_MAX = 4_000;
const PARTS_AT_ONCE_BYTES_MAX = 1024 * 1024;
/** The shortest name: a length and one character. */
const NAME_BYTES_MIN = 5;

/** Encoding this many names costs as much as a read of one node. */
const NAMES_PER_READ = 32;
/** An answer with more names than this is no small one. */
const FEW_NAMES = 1024;

/** The session that reads: its watches and its permissions. */
export interface ReadSession extends Watcher {
  readonly sessionId: bigint;
  identities(): readonly Id[];
}

/**
 * Answers reads from the local tree. `read` writes the body and returns the code of the reply header. With
 * any code other than OK the caller drops the body. @see FinalRequestProcessor
 */
export class FinalRequestProcessor {
  readonly #tree: () => DataTree;
  readonly #access: AclDecisions;
  readonly #skipAcl: boolean;
  readonly #names = new NamesCache();
  readonly #multiReadBytesMax: number;
  readonly #watchLimits: WatchLimits;

  constructor(
    tree: () => DataTree,
    access: AclDecisions,
    options: { skipAcl: boolean; jute: JuteLimits },
    watchLimits: WatchLimits,
  ) {
    this.#tree = tree;
    this.#access = access;
    this.#skipAcl = options.skipAcl;
    this.#multiReadBytesMax = options.jute.multiReadBytesMax;
    this.#watchLimits = watchLimits;
  }

  /**
   * Returns the code, or a read that continues in later turns; `reader` must not be used meanwhile.
   * @throws JuteError when the body is not what the operation says
   */
  read(op: number, reader: JuteReader, session: ReadSession, body: ReplyBody): number | LongRead {
    switch (op) {
      case OpCode.getData:
        return this.#getData(reader, session, body);
      case OpCode.exists:
        return this.#exists(reader, session, body);
      case OpCode.getChildren:
      case OpCode.getChildren2:
        return this.#getChildren(op, reader, session, body);
      case OpCode.getACL:
        return this.#getAcl(readPath(reader), session, body);
      case OpCode.setWatches:
      case OpCode.setWatches2:
        return this.#setWatches(reader, op === OpCode.setWatches2, session);
      case OpCode.addWatch:
        return this.#addWatch(readPath(reader), reader.readInt(), session, body);
      case OpCode.checkWatches:
      case OpCode.removeWatches:
        return this.#changeWatch(op, readPath(reader), reader.readInt(), session);
      case OpCode.multiRead:
        return this.#multiRead(reader, session, body);
      case OpCode.getEphemerals:
        return this.#getEphemerals(reader.readString() ?? '', session, body);
      case OpCode.getAllChildrenNumber:
        return this.#getAllChildrenNumber(readPath(reader), session, body);
      case OpCode.whoAmI:
        body.writer.writeVector(session.identities(), this.#writeClientInfo);
        return ErrorCode.OK;
      default:
        return ErrorCode.UNIMPLEMENTED;
    }
  }

  /**
   * Upper bound on the cost of a read, in reads of one node; infinity for a read that may take a turn of the
   * loop or more. Asked for reads that wait behind a write.
   */
  weightOf(op: number, reader: JuteReader): number {
    switch (op) {
      case OpCode.getChildren:
      case OpCode.getChildren2:
        return this.#weightOfNames(reader);
      case OpCode.getACL:
      case OpCode.getEphemerals:
      case OpCode.getAllChildrenNumber:
      case OpCode.multiRead:
      case OpCode.setWatches:
      case OpCode.setWatches2:
        return Number.POSITIVE_INFINITY;
      default:
        return 1;
    }
  }

  #weightOfNames(reader: JuteReader): number {
    try {
      const node = this.#tree().nodeToRead(readPath(reader));
      const names = node === undefined ? 0 : childCount(node);
      return names > FEW_NAMES ? Number.POSITIVE_INFINITY : 1 + names / NAMES_PER_READ;
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      return 1;
    }
  }

  readonly #writeClientInfo = (writer: JuteWriter, { scheme, id }: Id): void => {
    writer.writeString(scheme).writeString(this.#access.providers.get(scheme)?.userName(id) ?? id);
  };

  /** Without ADMIN a client sees who has permissions, but not the hash that proves it. */
  readonly #withoutSecret = ({ perms, id: { scheme, id } }: Acl): Acl => {
    const shown = this.#access.providers.get(scheme)?.withoutSecret(id) ?? id;
    return { perms, id: { scheme, id: shown } };
  };

  #allows(acl: readonly Acl[], perm: number, session: ReadSession): boolean {
    if (acl === OPEN_ACL_UNSAFE || this.#skipAcl) return true;
    return this.#access.allows(acl, perm, session.identities());
  }

  /** The node, or the code that refuses it. */
  #readable(path: string, session: ReadSession): ZNode | number {
    const node = this.#tree().nodeToRead(path);
    if (node === undefined) return ErrorCode.NONODE;
    return this.#allows(node.acl, Perms.READ, session) ? node : ErrorCode.NOAUTH;
  }

  /**
   * A watch that exists already takes no more room. SYSTEMERROR refuses the others. @see docs/decisions.md
   * "Sessions and requests"
   */
  #mayWatch(watches: WatchManager, path: string, session: ReadSession, mode: WatchMode): boolean {
    return (
      mayWatch(this.#watchLimits, this.#tree().watchMemory.bytes, session) || watches.has(path, session, mode)
    );
  }

  /** False when the session has too many. */
  #watch(watches: WatchManager, path: string, session: ReadSession): boolean {
    if (!this.#mayWatch(watches, path, session, WatchMode.standard)) return false;
    watches.add(path, session);
    return true;
  }

  #getData(reader: JuteReader, session: ReadSession, body: ReplyBody): number {
    const path = readPath(reader);
    const watch = reader.readBoolean();
    const node = this.#readable(path, session);
    if (typeof node === 'number') return node;
    if (watch && !this.#watch(this.#tree().dataWatches, path, session)) return ErrorCode.SYSTEMERROR;
    body.writeData(node.data);
    writeNodeStat(body.writer, node, this.#tree().ownerLayout);
    return ErrorCode.OK;
  }

  #exists(reader: JuteReader, session: ReadSession, body: ReplyBody): number {
    const { path, watch } = readPathWatchRequest(reader);
    if (path.includes('\0')) return ErrorCode.BADARGUMENTS;
    const node = this.#readable(path, session);
    // exists may watch a node that does not exist, for its creation.
    const isWatched = watch && (typeof node !== 'number' || node === ErrorCode.NONODE);
    if (isWatched && !this.#watch(this.#tree().dataWatches, path, session)) return ErrorCode.SYSTEMERROR;
    if (typeof node === 'number') return node;
    writeNodeStat(body.writer, node, this.#tree().ownerLayout);
    return ErrorCode.OK;
  }

  #getChildren(op: number, reader: JuteReader, session: ReadSession, body: ReplyBody): number | LongRead {
    const { path, watch } = readPathWatchRequest(reader);
    const node = this.#readable(path, session);
    if (typeof node === 'number') return node;
    if (watch && !this.#watch(this.#tree().childWatches, path, session)) return ErrorCode.SYSTEMERROR;
    const withStat = op === OpCode.getChildren2;
    if (this.#isLong(node)) return this.#namesRead(node, withStat);
    this.#writeNames(body, node);
    if (withStat) writeNodeStat(body.writer, node, this.#tree().ownerLayout);
    return ErrorCode.OK;
  }

  /** Writing its names takes more than one turn. */
  #isLong(node: ZNode): boolean {
    return childCount(node) > NAMES_AT_ONCE_MAX && this.#names.get(node) === null;
  }

  #writeNames(body: ReplyBody, node: ZNode): void {
    const count = childCount(node);
    if (count <= FEW_NAMES) {
      body.writer.writeInt(count);
      for (const name of node.children ?? []) body.writer.writeString(name);
      return;
    }
    let pieces = this.#names.get(node);
    if (pieces === null) {
      const list = new NameList(node.children ?? []);
      list.step(count);
      this.#names.put(node, node.pzxid, count, list);
      pieces = list.pieces;
    }
    for (const piece of pieces) body.appendShared(piece);
  }

  #namesRead(node: ZNode, withStat: boolean): LongRead {
    const { pzxid } = node;
    const count = childCount(node);
    const tail = new JuteWriter(STAT_BYTES);
    if (withStat) writeNodeStat(tail, node, this.#tree().ownerLayout);
    const keep = (list: NameList) => this.#names.put(node, pzxid, count, list);
    return new NamesRead(new NameList(node.children ?? []), tail.toBuffer(), keep);
  }

  #setWatches(reader: JuteReader, withPersistent: boolean, session: ReadSession): number | LongRead {
    const isLong = reader.remaining > WATCHES_AT_ONCE_BYTES_MAX;
    const own = isLong ? new JuteReader(reader.bytes, reader.offset, reader.end) : reader;
    const parts = { tree: this.#tree(), limits: this.#watchLimits };
    const rearming = new Rearming(parts, own, withPersistent, session);
    if (isLong) return new RearmRead(rearming);
    rearming.step(Number.POSITIVE_INFINITY);
    return ErrorCode.OK;
  }

  #getAcl(path: string, session: ReadSession, body: ReplyBody): number {
    const node = this.#tree().nodeToRead(path);
    if (node === undefined) return ErrorCode.NONODE;
    if (!this.#allows(node.acl, Perms.READ | Perms.ADMIN, session)) return ErrorCode.NOAUTH;
    const mayAdmin = this.#allows(node.acl, Perms.ADMIN, session);
    body.writer.writeVector(mayAdmin ? node.acl : node.acl.map(this.#withoutSecret), writeAcl);
    writeNodeStat(body.writer, node, this.#tree().ownerLayout);
    return ErrorCode.OK;
  }

  #addWatch(path: string, mode: number, session: ReadSession, body: ReplyBody): number {
    if (mode !== 0 && mode !== 1) return ErrorCode.MARSHALLINGERROR;
    const tree = this.#tree();
    const watchMode = mode === 0 ? WatchMode.persistent : WatchMode.persistentRecursive;
    if (!this.#mayWatch(tree.dataWatches, path, session, watchMode)) return ErrorCode.SYSTEMERROR;
    addWatch(tree, path, session, watchMode);
    body.writer.writeInt(ErrorCode.OK);
    return ErrorCode.OK;
  }

  #changeWatch(op: number, path: string, type: number, session: ReadSession): number {
    if (!isWatcherType(type)) return ErrorCode.MARSHALLINGERROR;
    const change = op === OpCode.checkWatches ? hasWatch : removeWatch;
    return change(this.#tree(), path, type, session) ? ErrorCode.OK : ErrorCode.NOWATCHER;
  }

  #multiRead(reader: JuteReader, session: ReadSession, body: ReplyBody): number | LongRead {
    const start = body.writer.length;
    for (let parts = 1; ; parts++) {
      const part = this.#readPart(reader, session, body);
      if (part === 'end') return ErrorCode.OK;
      const isAtOnce = parts < PARTS_AT_ONCE_MAX && body.totalBytes < PARTS_AT_ONCE_BYTES_MAX;
      if (part === 'part' && isAtOnce) continue;
      const rest = new JuteReader(reader.bytes, reader.offset, reader.end);
      const begun = { body, start, names: part === 'part' ? null : part };
      return new MultiRead(answer => this.#readPart(rest, session, answer), begun);
    }
  }

  /** Each part counts by itself: one that fails does not stop the others. No part sets a watch. */
  #readPart(reader: JuteReader, session: ReadSession, body: ReplyBody): PartRead {
    const { type, done } = readMultiHeader(reader);
    this.#checkAnswer(body.totalBytes);
    if (done) {
      writeMultiEnd(body.writer);
      return 'end';
    }
    if (type !== OpCode.getData && type !== OpCode.getChildren)
      throw new JuteError(`a multiRead cannot contain operation ${type}`);
    const node = this.#readable(readPathWatchRequest(reader).path, session);
    if (typeof node === 'number') {
      writeMultiHeader(body.writer, OpCode.error, false, node);
      body.writer.writeInt(node);
      return 'part';
    }
    writeMultiHeader(body.writer, type, false, ErrorCode.OK);
    if (type === OpCode.getChildren) return this.#namesPart(node, body);
    this.#checkAnswer(body.totalBytes + dataLength(node));
    body.writeData(node.data);
    writeNodeStat(body.writer, node, this.#tree().ownerLayout);
    return 'part';
  }

  #namesPart(node: ZNode, body: ReplyBody): PartRead {
    this.#checkAnswer(body.totalBytes + childCount(node) * NAME_BYTES_MIN);
    if (this.#isLong(node)) return this.#namesRead(node, false);
    this.#writeNames(body, node);
    return 'part';
  }

  /**
   * Bounds the answer: a request of 1 MiB can name a node of 1 MiB sixty thousand times.
   * @throws JuteError
   */
  #checkAnswer(bytes: number): void {
    if (bytes > this.#multiReadBytesMax)
      throw new JuteError(
        `the answer to a multiRead has more than ${this.#multiReadBytesMax} bytes (jute.maxbuffer)`,
      );
  }

  #getEphemerals(prefix: string, session: ReadSession, body: ReplyBody): number | LongRead {
    const all = this.#tree().ephemeralsOf(session.sessionId);
    const isWanted = meansAll(prefix) ? null : (path: string) => path.startsWith(prefix);
    const list = new NameList(all?.keys() ?? [], isWanted);
    if (all !== undefined && all.size > NAMES_AT_ONCE_MAX) return new NamesRead(list, NOTHING);
    list.step(NAMES_AT_ONCE_MAX);
    for (const piece of list.pieces) body.appendShared(piece);
    return ErrorCode.OK;
  }

  #getAllChildrenNumber(path: string, session: ReadSession, body: ReplyBody): number | LongRead {
    const node = this.#readable(path, session);
    if (typeof node === 'number') return node;
    const tree = this.#tree();
    const count = tree.allChildrenNumber(path, NODES_AT_ONCE_MAX);
    if (count === null) return new CountRead(tree.descendantCounts, path);
    body.writer.writeInt(count);
    return ErrorCode.OK;
  }
}

const NOTHING = Buffer.alloc(0);

const SPACE = 0x20;

/**
 * True for no prefix, or the root. Upstream compares the trimmed prefix with these, as Java trims, and uses
 * any other prefix as it is.
 */
function meansAll(prefix: string): boolean {
  let [start, end] = [0, prefix.length];
  while (start < end && prefix.charCodeAt(start) <= SPACE) start++;
  while (start < end && prefix.charCodeAt(end - 1) <= SPACE) end--;
  return start === end || prefix.slice(start, end) === '/';
}
