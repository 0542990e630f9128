import { ServerError } from '../errors.ts';
import { printable } from '../printable.ts';
import { type Acl, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { nameOf, nameStart, parentOf } from '../wire/path.ts';
import { clientIdOf, type MultiTxn, type TxnBody, type TxnHeader } from '../wire/txn.ts';
import { EventType } from '../wire/watch-event.ts';
import type { AclCache } from './acl-cache.ts';
import type { DescendantCounts } from './descendant-count.ts';
import type { TreeDigest } from './digest.ts';
import { DigestLog, type DigestLogEntry } from './digest-log.ts';
import type { Crowd, FiredCounts } from './fired-event.ts';
import { link, NodeTable, unlink } from './node-table.ts';
import { CONTAINER_OWNER, type OwnerLayout, ttlOwner } from './owner.ts';
import { resultOf, type TxnResult } from './txn-result.ts';
import { WatchManager } from './watch-manager.ts';
import { WatchMemory } from './watch-memory.ts';
import { statOf, ZNode } from './znode.ts';

export const CONFIG_PATH = '/zookeeper/config';
export const QUOTA_PATH = '/zookeeper/quota';

/**
 * The znodes of a server, and everything that changes with them: watches, ephemerals by session, the digest.
 *
 * The leader has validated each transaction, so applying one decides nothing. It must be idempotent: a
 * snapshot is fuzzy and holds some effects of transactions that its zxid does not cover, and those are
 * applied to it again. This explains the unusual rules: a parent's cversion and pzxid only grow, and it is no
 * failure when a node exists already or is gone already. @see docs/storage.md "Transactions"; ZOOKEEPER-3125;
 * ZOOKEEPER-3127; ZOOKEEPER-3145
 */
export class DataTree {
  readonly watchMemory = new WatchMemory();
  readonly dataWatches = new WatchManager(this.watchMemory);
  readonly childWatches = new WatchManager(this.watchMemory);
  readonly ownerLayout: OwnerLayout;
  readonly #nodes: NodeTable;
  readonly #digestLog = new DigestLog();
  readonly aclCache: AclCache;
  readonly digest: TreeDigest;
  readonly descendantCounts: DescendantCounts;
  lastProcessedZxid = 0;
  /**
   * A tree from a fuzzy snapshot has the digest of no other server until the log has passed the snapshot's
   * end.
   */
  fuzzyUntilZxid = 0;
  #watchEvents = true;

  constructor(ownerLayout: OwnerLayout = 'plain') {
    this.ownerLayout = ownerLayout;
    this.#nodes = new NodeTable(ownerLayout);
    this.aclCache = this.#nodes.aclCache;
    this.digest = this.#nodes.digest;
    this.descendantCounts = this.#nodes.descendantCounts;
    this.#nodes.addBuiltIn('/', OPEN_ACL_UNSAFE);
    this.#nodes.addBuiltIn('/zookeeper', OPEN_ACL_UNSAFE);
    this.#nodes.addBuiltIn(QUOTA_PATH, OPEN_ACL_UNSAFE);
    this.addConfigNode();
  }

  /** Counts fired watches in `counts` from now on. */
  countFired(counts: FiredCounts): void {
    this.dataWatches.fired = counts;
    this.childWatches.fired = counts;
  }

  /** Gives `crowd` the events that concern too many watchers to be sent at once. */
  tellCrowdsThrough(crowd: Crowd | null): void {
    this.dataWatches.crowd = crowd;
    this.childWatches.crowd = crowd;
  }

  /** True when no used-up watches are left over: those that many held on one path are removed in parts. */
  get watchesAreSettled(): boolean {
    return this.dataWatches.isSettled && this.childWatches.isSettled;
  }

  /**
   * Removes up to `max` used-up watches of each kind from their watchers' tables. True when none are left.
   */
  settleWatches(max: number): boolean {
    return this.dataWatches.settle(max) && this.childWatches.settle(max);
  }

  getNode(path: string): ZNode | undefined {
    return this.#nodes.get(path);
  }

  /** The node that a read of `path` means. As upstream, "" is the root to reads, and no path to writes. */
  nodeToRead(path: string): ZNode | undefined {
    return this.#nodes.get(path) ?? (path === '' ? this.#nodes.get('/') : undefined);
  }

  /** Counts as upstream does, which holds the root under two names. */
  get nodeCount(): number {
    return this.#nodes.size + 1;
  }

  /** Characters of paths plus bytes of data. Upstream counts only the slash of the root's two names. */
  get approximateDataSize(): number {
    return this.#nodes.dataSize;
  }

  get digestLog(): readonly DigestLogEntry[] {
    return this.#digestLog.entries;
  }

  ephemeralsOf(sessionId: bigint): ReadonlyMap<string, ZNode> | undefined {
    return this.#nodes.owned.ephemerals.get(sessionId);
  }

  get ephemeralsCount(): number {
    return this.#nodes.owned.ephemeralsCount;
  }

  /** Session id to the nodes that it owns, by path; a session without nodes has no entry. */
  get sessionsWithEphemerals(): ReadonlyMap<bigint, ReadonlyMap<string, ZNode>> {
    return this.#nodes.owned.ephemerals;
  }

  get containers(): ReadonlySet<string> {
    return this.#nodes.owned.containers;
  }

  get ttlNodes(): ReadonlySet<string> {
    return this.#nodes.owned.ttls;
  }

  /**
   * The number of descendants of a path; for "/" with those of /zookeeper, for "" also with the root's second
   * name. Null when there are more than `max`: use `descendantCounts`.
   */
  allChildrenNumber(path: string, max = Number.POSITIVE_INFINITY): number | null {
    if (path === '') return this.#nodes.size;
    if (path === '/') return this.#nodes.size - 1;
    let count = 0;
    const pending = [path];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const children = this.#nodes.get(at)?.children;
      if (children == null) continue;
      count += children.size;
      if (count > max) return null;
      for (const name of children) pending.push(`${at}/${name}`);
    }
    return count;
  }

  /** Applies a committed transaction. `watchEvents` is false while a log is replayed, when nobody watches. */
  processTxn(header: TxnHeader, body: TxnBody, watchEvents = true): TxnResult {
    this.#watchEvents = watchEvents;
    const result = body.type === OpCode.multi ? this.#multi(header, body) : this.#apply(header, body);
    // Set last, so that a snapshot that starts in the middle does not claim a multi it holds in part.
    if (header.zxid > this.lastProcessedZxid) this.lastProcessedZxid = header.zxid;
    if (this.#digestLog.isDueAt(header.zxid) && header.zxid >= this.fuzzyUntilZxid)
      this.#digestLog.add(header.zxid, this.digest);
    return result;
  }

  // ------------------------------------------------------------------ loading a snapshot

  /**
   * Empties the tree for a snapshot. Then load its ACL map with `aclCache.load`, call `putLoaded` per node,
   * and end with `endLoad`.
   */
  beginLoad(): void {
    this.#nodes.clear();
    this.#digestLog.clear();
    this.lastProcessedZxid = 0;
    this.fuzzyUntilZxid = 0;
  }

  /** Takes a node of a snapshot; parents come before children, "" (or "/") is the root. */
  putLoaded(path: string, node: ZNode): void {
    const at = path === '' ? '/' : path;
    if (at !== '/') {
      const parent = this.#nodes.get(parentOf(at));
      if (parent === undefined) {
        const node = printable(at);
        throw new ServerError(
          'ZK_SNAPSHOT_CORRUPT',
          `node ${node} is in the snapshot, but its parent is not`,
          { path: node },
        );
      }
      link(parent, nameOf(at));
    }
    const replaced = this.#nodes.get(at);
    if (replaced !== undefined) this.#nodes.removeSubtree(at, replaced);
    node.acl = this.aclCache.acquire(node.acl);
    this.#nodes.insert(at, node);
  }

  /** Only servers older than 3.5 write snapshots without the configuration node. */
  endLoad(): void {
    if (this.#nodes.get('/') === undefined) this.#nodes.addBuiltIn('/', OPEN_ACL_UNSAFE);
    if (this.#nodes.get('/zookeeper') === undefined) this.#nodes.addBuiltIn('/zookeeper', OPEN_ACL_UNSAFE);
    if (this.#nodes.get(CONFIG_PATH) === undefined) this.addConfigNode();
    this.aclCache.purgeUnused();
  }

  /** Clients may read the configuration, but need a grant to change it. @see ZOOKEEPER-2014 */
  addConfigNode(): void {
    this.#nodes.addBuiltIn(CONFIG_PATH, READ_ACL_UNSAFE).aversion = -1;
  }

  // ------------------------------------------------------------------ transactions

  #apply(header: TxnHeader, body: TxnBody): TxnResult {
    switch (body.type) {
      case OpCode.create:
      case OpCode.create2:
        return this.#create(header, body, body.ephemeral ? clientIdOf(header) : 0n);
      case OpCode.createContainer:
        return this.#create(header, body, CONTAINER_OWNER);
      case OpCode.createTTL:
        return this.#create(header, body, ttlOwner(body.ttlMs));
      case OpCode.delete:
      case OpCode.deleteContainer:
        return resultOf(body.type, this.#delete(body.path, header.zxid), body.path, null);
      case OpCode.setData:
      case OpCode.reconfig:
        return this.#setData(header, body.type, body.path, body.data, body.version);
      case OpCode.setACL:
        return this.#setAcl(body.path, body.acl, body.version);
      case OpCode.closeSession:
        this.#closeSession(clientIdOf(header), body.paths, header.zxid);
        return resultOf(body.type, ErrorCode.OK, '', null);
      case OpCode.check:
        return resultOf(body.type, ErrorCode.OK, body.path, null);
      case OpCode.error:
        return resultOf(body.type, body.err, '', null);
      case OpCode.createSession:
        return resultOf(body.type, ErrorCode.OK, '', null);
      case OpCode.multi:
        throw new ServerError('ZK_INVARIANT', 'a multi inside a multi reached the tree');
    }
  }

  /** One failed part undoes all: those before it report 0, those after it RUNTIMEINCONSISTENCY. */
  #multi(header: TxnHeader, body: MultiTxn): TxnResult {
    const failed = body.txns.some(txn => txn.type === OpCode.error);
    const results: TxnResult[] = [];
    let err: number = ErrorCode.OK;
    let pastFailure = false;
    for (const txn of body.txns) {
      let result: TxnResult;
      if (!failed || txn.type === OpCode.error) {
        result = this.#apply(header, txn);
        if (result.node !== null) result.stat = statOf(result.node, this.ownerLayout);
        pastFailure ||= txn.type === OpCode.error && txn.err !== ErrorCode.OK;
      } else {
        const code = pastFailure ? ErrorCode.RUNTIMEINCONSISTENCY : ErrorCode.OK;
        result = resultOf(OpCode.error, code, '', null);
      }
      if (err === ErrorCode.OK) err = result.err;
      results.push(result);
    }
    const multi = resultOf(OpCode.multi, err, '', null);
    multi.results = results;
    return multi;
  }

  #create(
    header: TxnHeader,
    txn: { type: number; path: string; data: Buffer | null; acl: readonly Acl[]; parentCVersion: number },
    owner: bigint,
  ): TxnResult {
    const path = txn.path;
    const zxid = header.zxid;
    const parentPath = parentOf(path);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) return resultOf(txn.type, ErrorCode.NONODE, path, null);
    const acl = this.aclCache.acquire(txn.acl);
    const existing = this.#nodes.get(path);
    if (existing !== undefined) {
      this.aclCache.release(existing.acl);
      existing.acl = acl;
      if (raiseCversion(parent, txn.parentCVersion, zxid)) this.#nodes.statChanged(parentPath, parent);
      return resultOf(txn.type, ErrorCode.NODEEXISTS, path, null);
    }
    link(parent, path.slice(path.lastIndexOf('/') + 1));
    if (raiseCversion(parent, txn.parentCVersion, zxid)) this.#nodes.statChanged(parentPath, parent);
    const node = new ZNode(txn.data, acl, owner, zxid, header.time);
    this.#nodes.insert(path, node);
    if (this.#watchEvents) {
      this.dataWatches.trigger(path, EventType.created, zxid, acl);
      this.childWatches.trigger(parentPath, EventType.childrenChanged, zxid, parent.acl);
    }
    return resultOf(txn.type, ErrorCode.OK, path, node);
  }

  #delete(path: string, zxid: number): number {
    const parentPath = parentOf(path);
    return this.#deleteBelow(parentPath, this.#nodes.get(parentPath), path, null, null, zxid);
  }

  /**
   * `known`: the node, if it need not be looked up. `gone`: collects the path, when the caller tells the
   * parent later that it lost a child.
   */
  #deleteBelow(
    parentPath: string,
    parent: ZNode | undefined,
    path: string,
    known: ZNode | null,
    gone: string[] | null,
    zxid: number,
  ): number {
    if (parent === undefined) return ErrorCode.NONODE;
    // This comes before the look-up of the node: a fuzzy snapshot may lack the node and yet hold its parent
    // as it was before. pzxid only grows: the parent may be newer than this transaction.
    if (zxid > parent.pzxid) {
      parent.pzxid = zxid;
      this.#nodes.statChanged(parentPath, parent);
    }
    const node = known ?? this.#nodes.get(path);
    if (node === undefined || !this.#nodes.removeSubtree(path, node)) return ErrorCode.NONODE;
    if (gone === null) parent.children?.delete(nameOf(path));
    else gone.push(path);
    if (this.#watchEvents) {
      const told = this.dataWatches.trigger(path, EventType.deleted, zxid, node.acl);
      this.childWatches.trigger(path, EventType.deleted, zxid, node.acl, told);
      this.childWatches.trigger(parentPath, EventType.childrenChanged, zxid, parent.acl);
    }
    return ErrorCode.OK;
  }

  #setData(header: TxnHeader, type: number, path: string, data: Buffer | null, version: number): TxnResult {
    const node = this.#nodes.get(path);
    if (node === undefined) return resultOf(type, ErrorCode.NONODE, path, null);
    this.#nodes.setData(path, node, data, version, header.zxid, header.time);
    if (this.#watchEvents) this.dataWatches.trigger(path, EventType.dataChanged, header.zxid, node.acl);
    return resultOf(type, ErrorCode.OK, path, node);
  }

  /**
   * A server also uses this at its start to write /zookeeper/config, without a transaction and hence without
   * events.
   */
  setNodeData(
    path: string,
    node: ZNode,
    data: Buffer | null,
    version: number,
    zxid: number,
    time: number,
  ): void {
    this.#nodes.setData(path, node, data, version, zxid, time);
  }

  #setAcl(path: string, acl: readonly Acl[], aversion: number): TxnResult {
    const node = this.#nodes.get(path);
    if (node === undefined) return resultOf(OpCode.setACL, ErrorCode.NONODE, path, null);
    const before = node.acl;
    node.acl = this.aclCache.acquire(acl);
    this.aclCache.release(before);
    node.aversion = aversion;
    this.#nodes.statChanged(path, node);
    return resultOf(OpCode.setACL, ErrorCode.OK, path, node);
  }

  /**
   * `paths` is null in an old log, where the tree knows them. Other ephemerals of the session are deleted in
   * either case. The table of ephemerals drops the session as a whole: there may be a hundred thousand.
   */
  #closeSession(sessionId: bigint, paths: readonly string[] | null, zxid: number): void {
    const { owned } = this.#nodes;
    const own = owned.beginClose(sessionId);
    if (paths !== null && !areKeysOf(own, paths)) this.#deleteAll(toLookUp(paths), zxid);
    if (own === undefined) return;
    if (owned.closed < own.size) this.#deleteAll(own, zxid);
    owned.endClose();
  }

  /** Consecutive paths with the same parent share one look-up of it, and are taken from it together. */
  #deleteAll(nodes: Iterable<readonly [path: string, node: ZNode | null]>, zxid: number): void {
    let prefix = '';
    let parentPath = '';
    let parent: ZNode | undefined;
    let gone: string[] = [];
    for (const [path, node] of nodes) {
      const nameAt = nameStart(path);
      if (parent === undefined || nameAt !== prefix.length || !path.startsWith(prefix)) {
        if (parent !== undefined) unlink(parent, gone, prefix.length);
        gone = [];
        prefix = path.slice(0, nameAt);
        parentPath = parentOf(path);
        parent = this.#nodes.get(parentPath);
      }
      this.#deleteBelow(parentPath, parent, path, node, gone, zxid);
    }
    if (parent !== undefined) unlink(parent, gone, prefix.length);
  }
}

function* toLookUp(paths: readonly string[]): Generator<[path: string, node: null]> {
  for (const path of paths) yield [path, null];
}

/**
 * This is nearly always true: a session ends with the nodes that it has, in an order that every server knows.
 */
function areKeysOf(nodes: ReadonlyMap<string, ZNode> | undefined, paths: readonly string[]): boolean {
  if (nodes === undefined || nodes.size !== paths.length) return false;
  let at = 0;
  for (const path of nodes.keys()) if (path !== paths[at++]) return false;
  return true;
}

/**
 * True when the parent changed. The comparison survives the wrap of the counter; -1 means "one more" in an
 * old log.
 */
function raiseCversion(parent: ZNode, parentCVersion: number, zxid: number): boolean {
  const cversion = parentCVersion === -1 ? (parent.cversion + 1) | 0 : parentCVersion;
  if (((cversion - parent.cversion) | 0) <= 0) return false;
  parent.cversion = cversion;
  parent.pzxid = zxid;
  return true;
}
