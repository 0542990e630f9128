import { ServerError } from '../errors.ts';
import { printable } from '../printable.ts';
import { type Acl, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { nameOf, parentOf } from '../wire/path.ts';
import type { Stat } from '../wire/stat.ts';
import { clientIdOf, type MultiTxn, type TxnBody, type TxnHeader } from '../wire/txn.ts';
import { EventType } from '../wire/watch-event.ts';
import { AclCache } from './acl-cache.ts';
import { DataKeeper } from './data-keeper.ts';
import { DescendantCounts } from './descendant-count.ts';
import { contentCrcState, countsInDigest, digestCrcFrom, TreeDigest } from './digest.ts';
import type { Crowd, FiredCounts } from './fired-event.ts';
import { CONTAINER_OWNER, type OwnerLayout, ownerKind, ttlOwner } from './owner.ts';
import { WatchManager } from './watch-manager.ts';
import { WatchMemory } from './watch-memory.ts';
import { dataLength, statOf, ZNode } from './znode.ts';

export const CONFIG_PATH = '/zookeeper/config';
export const QUOTA_PATH = '/zookeeper/quota';

/** The result of one transaction. */
export interface TxnResult {
  /** The type of the transaction; `error` for each part of a multi that failed. */
  readonly type: number;
  err: number;
  /** "" when the transaction names no path. */
  readonly path: string;
  /** The node, for replies that carry a Stat. It is live, so write the reply before the next transaction. */
  node: ZNode | null;
  /** In the parts of a multi, the Stat right after that part; later parts may change it again. */
  stat: Stat | null;
  /** One per part of a multi, else null. */
  results: TxnResult[] | null;
}

/** The digest of the tree after `zxid`. */
export interface DigestLogEntry {
  readonly zxid: number;
  readonly digest: TreeDigest;
}

const DIGEST_LOG_INTERVAL = 128;
const DIGEST_LOG_ENTRIES_MAX = 1024;

const EMPTY = Buffer.alloc(0);

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
  readonly aclCache = new AclCache();
  readonly digest = new TreeDigest();
  readonly digestLog: DigestLogEntry[] = [];
  readonly ownerLayout: OwnerLayout;
  lastProcessedZxid = 0;
  /**
   * A tree from a fuzzy snapshot has the digest of no other server until the log has passed the snapshot's
   * end.
   */
  fuzzyUntilZxid = 0;
  /** Characters of paths plus bytes of data. */
  approximateDataSize = 0;
  readonly #nodes = new Map<string, ZNode>();
  #nextSerial = 0;
  readonly descendantCounts = new DescendantCounts(this.#nodes);
  readonly #keeper = new DataKeeper();
  readonly #ephemerals = new Map<bigint, Set<string>>();
  #ephemeralsCount = 0;
  readonly #containers = new Set<string>();
  readonly #ttls = new Set<string>();
  #watchEvents = true;
  /** The session whose ephemerals are all being deleted; else 0. */
  #closing = 0n;
  #closed = 0;

  constructor(ownerLayout: OwnerLayout = 'plain') {
    this.ownerLayout = ownerLayout;
    this.#addBuiltIn('/', OPEN_ACL_UNSAFE);
    this.#addBuiltIn('/zookeeper', OPEN_ACL_UNSAFE);
    this.#addBuiltIn(QUOTA_PATH, OPEN_ACL_UNSAFE);
    this.addConfigNode();
    // Upstream holds the root as "" and as "/", and counts the slash.
    this.approximateDataSize += 1 - '/'.length;
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

  /** Settles up to `max` used-up watches of each kind. True when none are left. */
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

  /** As upstream counts: the root is held under two names. */
  get nodeCount(): number {
    return this.#nodes.size + 1;
  }

  ephemeralsOf(sessionId: bigint): ReadonlySet<string> | undefined {
    return this.#ephemerals.get(sessionId);
  }

  get ephemeralsCount(): number {
    return this.#ephemeralsCount;
  }

  /** Session id to the paths that it owns; a session without paths has no entry. */
  get sessionsWithEphemerals(): ReadonlyMap<bigint, ReadonlySet<string>> {
    return this.#ephemerals;
  }

  get containers(): ReadonlySet<string> {
    return this.#containers;
  }

  get ttlNodes(): ReadonlySet<string> {
    return this.#ttls;
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
    if (header.zxid % DIGEST_LOG_INTERVAL === 0 && header.zxid >= this.fuzzyUntilZxid)
      this.#logDigest(header.zxid);
    return result;
  }

  // ------------------------------------------------------------------ loading a snapshot

  /**
   * Empties the tree for a snapshot. Then load its ACL map with `aclCache.load`, call `putLoaded` per node,
   * and end with `endLoad`.
   */
  beginLoad(): void {
    this.#nodes.clear();
    this.descendantCounts.clear();
    this.#ephemerals.clear();
    this.#ephemeralsCount = 0;
    this.#containers.clear();
    this.#ttls.clear();
    this.aclCache.clear();
    this.digest.clear();
    this.digestLog.length = 0;
    this.lastProcessedZxid = 0;
    this.fuzzyUntilZxid = 0;
    this.approximateDataSize = 0;
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
    if (replaced !== undefined) this.#removeSubtree(at, replaced);
    node.acl = this.aclCache.acquire(node.acl);
    this.#insert(at, node);
  }

  /** Only servers older than 3.5 write snapshots without the configuration node. */
  endLoad(): void {
    if (!this.#nodes.has('/')) this.#addBuiltIn('/', OPEN_ACL_UNSAFE);
    if (!this.#nodes.has('/zookeeper')) this.#addBuiltIn('/zookeeper', OPEN_ACL_UNSAFE);
    if (!this.#nodes.has(CONFIG_PATH)) this.addConfigNode();
    this.aclCache.purgeUnused();
  }

  /** Clients may read the configuration, but need a grant to change it. @see ZOOKEEPER-2014 */
  addConfigNode(): void {
    this.#addBuiltIn(CONFIG_PATH, READ_ACL_UNSAFE).aversion = -1;
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
      if (raiseCversion(parent, txn.parentCVersion, zxid)) this.#statChanged(parentPath, parent);
      return resultOf(txn.type, ErrorCode.NODEEXISTS, path, null);
    }
    link(parent, path.slice(path.lastIndexOf('/') + 1));
    if (raiseCversion(parent, txn.parentCVersion, zxid)) this.#statChanged(parentPath, parent);
    const node = new ZNode(txn.data, acl, owner, zxid, header.time);
    this.#insert(path, node);
    if (this.#watchEvents) {
      this.dataWatches.trigger(path, EventType.created, zxid, acl);
      this.childWatches.trigger(parentPath, EventType.childrenChanged, zxid, parent.acl);
    }
    return resultOf(txn.type, ErrorCode.OK, path, node);
  }

  #delete(path: string, zxid: number): number {
    const parentPath = parentOf(path);
    return this.#deleteBelow(parentPath, this.#nodes.get(parentPath), path, zxid);
  }

  #deleteBelow(parentPath: string, parent: ZNode | undefined, path: string, zxid: number): number {
    if (parent === undefined) return ErrorCode.NONODE;
    // This comes before the look-up of the node: a fuzzy snapshot may lack the node and yet hold its parent
    // as it was before. pzxid only grows: the parent may be newer than this transaction.
    if (zxid > parent.pzxid) {
      parent.pzxid = zxid;
      this.#statChanged(parentPath, parent);
    }
    const node = this.#nodes.get(path);
    if (node === undefined) return ErrorCode.NONODE;
    parent.children?.delete(nameOf(path));
    this.#removeSubtree(path, node);
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
    this.setNodeData(path, node, data, version, header.zxid, header.time);
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
    this.approximateDataSize -= dataLength(node);
    node.data = this.#keeper.keep(data);
    node.version = version;
    node.mzxid = zxid;
    node.mtime = time;
    this.approximateDataSize += dataLength(node);
    this.#contentChanged(path, node);
  }

  #setAcl(path: string, acl: readonly Acl[], aversion: number): TxnResult {
    const node = this.#nodes.get(path);
    if (node === undefined) return resultOf(OpCode.setACL, ErrorCode.NONODE, path, null);
    const before = node.acl;
    node.acl = this.aclCache.acquire(acl);
    this.aclCache.release(before);
    node.aversion = aversion;
    this.#statChanged(path, node);
    return resultOf(OpCode.setACL, ErrorCode.OK, path, node);
  }

  /**
   * `paths` is null in an old log, where the tree knows them. Other ephemerals of the session are deleted in
   * either case. The table of ephemerals drops the session as a whole: there may be a hundred thousand.
   */
  #closeSession(sessionId: bigint, paths: readonly string[] | null, zxid: number): void {
    const owned = this.#ephemerals.get(sessionId);
    if (owned === undefined) {
      if (paths !== null) this.#deleteAll(paths, zxid);
      return;
    }
    this.#ephemerals.delete(sessionId);
    this.#ephemeralsCount -= owned.size;
    this.#closing = sessionId;
    this.#closed = 0;
    if (paths !== null) this.#deleteAll(paths, zxid);
    if (this.#closed < owned.size) {
      const isOwn = (path: string) => this.#nodes.get(path)?.ephemeralOwner === sessionId;
      this.#deleteAll(paths === null ? owned : [...owned].filter(isOwn), zxid);
    }
    this.#closing = 0n;
  }

  /** Consecutive paths with the same parent share one look-up of it. */
  #deleteAll(paths: Iterable<string>, zxid: number): void {
    let prefix = '';
    let parentPath = '';
    let parent: ZNode | undefined;
    for (const path of paths) {
      const nameAt = path.lastIndexOf('/') + 1;
      if (parent === undefined || nameAt !== prefix.length || !path.startsWith(prefix)) {
        prefix = path.slice(0, nameAt);
        parentPath = parentOf(path);
        parent = this.#nodes.get(parentPath);
      }
      this.#deleteBelow(parentPath, parent, path, zxid);
    }
  }

  // ------------------------------------------------------------------ upkeep

  #insert(path: string, node: ZNode): void {
    node.data = this.#keeper.keep(node.data);
    node.serial = this.#nextSerial++;
    this.#nodes.set(path, node);
    if (this.descendantCounts.size > 0) this.descendantCounts.inserted(path);
    this.approximateDataSize += path.length + dataLength(node);
    if (node.ephemeralOwner !== 0n) this.#register(path, node.ephemeralOwner);
    if (!countsInDigest(path)) return;
    node.contentCrcState = contentCrcState(path, node.data);
    node.digestCrc = digestCrcFrom(node.contentCrcState, node);
    this.digest.add(node.digestCrc);
  }

  /**
   * A deleted node is empty except in a replay, where the snapshot may hold children of a later node of the
   * same path. They would be orphans; the log creates them again after that node.
   */
  #removeSubtree(path: string, node: ZNode): void {
    this.#remove(path, node);
    if (node.children === null || node.children.size === 0) return;
    const pending: [path: string, node: ZNode][] = [[path, node]];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const [above, { children }] = at;
      for (const name of children ?? []) {
        const childPath = above === '/' ? `/${name}` : `${above}/${name}`;
        const child = this.#nodes.get(childPath);
        if (child === undefined) continue;
        this.#remove(childPath, child);
        pending.push([childPath, child]);
      }
    }
  }

  #remove(path: string, node: ZNode): void {
    this.#nodes.delete(path);
    if (this.descendantCounts.size > 0) this.descendantCounts.removed(path, node.serial);
    this.approximateDataSize -= path.length + dataLength(node);
    this.aclCache.release(node.acl);
    if (node.ephemeralOwner !== 0n) this.#unregister(path, node.ephemeralOwner);
    if (countsInDigest(path)) this.digest.subtract(node.digestCrc);
  }

  #statChanged(path: string, node: ZNode): void {
    if (!countsInDigest(path)) return;
    this.digest.subtract(node.digestCrc);
    node.digestCrc = digestCrcFrom(node.contentCrcState, node);
    this.digest.add(node.digestCrc);
  }

  #contentChanged(path: string, node: ZNode): void {
    if (!countsInDigest(path)) return;
    node.contentCrcState = contentCrcState(path, node.data);
    this.#statChanged(path, node);
  }

  #register(path: string, owner: bigint): void {
    switch (ownerKind(owner, this.ownerLayout)) {
      case 'session': {
        const paths = this.#ephemerals.get(owner);
        if (paths?.has(path)) return;
        this.#ephemeralsCount++;
        if (paths === undefined) this.#ephemerals.set(owner, new Set([path]));
        else paths.add(path);
        return;
      }
      case 'container':
        this.#containers.add(path);
        return;
      case 'ttl':
        this.#ttls.add(path);
        return;
      case 'none':
        return;
    }
  }

  #unregister(path: string, owner: bigint): void {
    if (owner === this.#closing) {
      this.#closed++;
      return;
    }
    this.#containers.delete(path);
    this.#ttls.delete(path);
    const paths = this.#ephemerals.get(owner);
    if (!paths?.delete(path)) return;
    this.#ephemeralsCount--;
    if (paths.size === 0) this.#ephemerals.delete(owner);
  }

  #addBuiltIn(path: string, acl: readonly Acl[]): ZNode {
    const node = new ZNode(EMPTY, this.aclCache.acquire(acl), 0n, 0, 0);
    if (path !== '/') link(this.#nodes.get(parentOf(path))!, nameOf(path));
    this.#insert(path, node);
    return node;
  }

  #logDigest(zxid: number): void {
    this.digestLog.push({ zxid, digest: new TreeDigest().copyFrom(this.digest) });
    if (this.digestLog.length > DIGEST_LOG_ENTRIES_MAX) this.digestLog.shift();
  }
}

function link(parent: ZNode, name: string): void {
  if (parent.children === null) parent.children = new Set([name]);
  else parent.children.add(name);
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

function resultOf(type: number, err: number, path: string, node: ZNode | null): TxnResult {
  return { type, err, path, node, stat: null, results: null };
}
