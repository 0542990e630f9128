import { Fifo } from '../collections/fifo.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { contentCrcState, countsInDigest, digestCrcFrom, TreeDigest } from '../tree/digest.ts';
import type { ZNode } from '../tree/znode.ts';
import type { Acl } from '../wire/acl.ts';
import { nameStart, parentOf } from '../wire/path.ts';

/**
 * A node as it will be once everything proposed so far is applied. It has the field names of ZNode, for the
 * digest.
 */
class ChangeRecord {
  readonly path: string;
  /** The last transaction that changed it. */
  zxid: number;
  deleted = false;
  data: Buffer | null;
  acl: readonly Acl[];
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: bigint;
  childCount: number;
  /** CRC over path and data, kept so that a change of the stat alone costs 60 bytes of CRC. */
  contentCrcState: number;
  digestCrc: number;

  constructor(path: string, zxid: number, from: ZNode | ChangeRecord, childCount: number) {
    this.path = path;
    this.zxid = zxid;
    this.data = from.data;
    this.acl = from.acl;
    this.czxid = from.czxid;
    this.mzxid = from.mzxid;
    this.pzxid = from.pzxid;
    this.ctime = from.ctime;
    this.mtime = from.mtime;
    this.version = from.version;
    this.cversion = from.cversion;
    this.aversion = from.aversion;
    this.ephemeralOwner = from.ephemeralOwner;
    this.childCount = childCount;
    this.contentCrcState = from.contentCrcState;
    this.digestCrc = from.digestCrc;
  }

  setData(data: Buffer | null): void {
    this.data = data;
    this.contentCrcState = contentCrcState(this.path, data);
  }

  clone(): ChangeRecord {
    const copy = new ChangeRecord(this.path, this.zxid, this, this.childCount);
    copy.deleted = this.deleted;
    return copy;
  }
}

/**
 * The changes that the leader has proposed and not yet applied, by path, and the digest that the tree will
 * then have. Requests are checked against these on top of the tree, so clients can pipeline them.
 * @see PrepRequestProcessor.outstandingChanges
 */
export class OutstandingChanges {
  readonly #tree: DataTree;
  readonly #byPath = new Map<string, ChangeRecord>();
  /**
   * Paths of live records by owner, because a thousand sessions may end while a hundred thousand changes
   * wait.
   */
  readonly #byOwner = new Map<bigint, Set<string>>();
  /**
   * Ending sessions, with the zxid of their end. Their nodes in the tree count as gone unless there is a
   * record.
   */
  readonly #ending = new Map<bigint, number>();
  readonly #released = new Fifo<{ zxid: number; path: string }>();
  readonly #digest = new TreeDigest();
  #releasedUpTo = 0;
  /** Since `begin`: what each changed path held before, null for nothing. */
  #undo: Map<string, ChangeRecord | null> | null = null;
  readonly #undoDigest = new TreeDigest();

  constructor(tree: DataTree) {
    this.#tree = tree;
    this.#digest.copyFrom(tree.digest);
  }

  get size(): number {
    return this.#byPath.size;
  }

  /** Owners of pending ephemerals, containers and TTL nodes. */
  get ownerCount(): number {
    return this.#byOwner.size;
  }

  /** The digest of the tree once everything outstanding is applied. */
  get digest(): TreeDigest {
    return this.#digest;
  }

  /** The pending record, else the node of the tree, else undefined. */
  find(path: string): ChangeRecord | ZNode | undefined {
    const record = this.#byPath.get(path);
    if (record !== undefined) return record.deleted ? undefined : record;
    const node = this.#tree.getNode(path);
    return this.#ending.size > 0 && node !== undefined && this.#ends(node) ? undefined : node;
  }

  #ends({ ephemeralOwner }: ZNode): boolean {
    return ephemeralOwner !== 0n && this.#ending.has(ephemeralOwner);
  }

  childCountOf(found: ChangeRecord | ZNode): number {
    if (found instanceof ChangeRecord) return found.childCount;
    return found.children === null ? 0 : found.children.size;
  }

  /** Starts a change of an existing node: change the record's fields, then call `changed`. */
  change(found: ChangeRecord | ZNode, path: string, zxid: number): ChangeRecord {
    let record: ChangeRecord;
    if (found instanceof ChangeRecord) {
      this.#remember(path, found);
      record = found;
      if (record.zxid === zxid) return record;
      record.zxid = zxid;
    } else {
      this.#remember(path, null);
      record = new ChangeRecord(path, zxid, found, found.children === null ? 0 : found.children.size);
      this.#put(path, record);
    }
    this.#released.push({ zxid, path });
    return record;
  }

  /** Ends what `change` began. */
  changed(record: ChangeRecord): void {
    this.#digest.subtract(record.digestCrc);
    record.digestCrc = digestCrcOf(record);
    this.#digest.add(record.digestCrc);
  }

  create(path: string, node: ZNode, zxid: number): void {
    this.#remember(path, this.#byPath.get(path) ?? null);
    const record = new ChangeRecord(path, zxid, node, 0);
    record.contentCrcState = contentCrcState(path, record.data);
    record.digestCrc = digestCrcOf(record);
    this.#digest.add(record.digestCrc);
    this.#put(path, record);
    this.#released.push({ zxid, path });
  }

  delete(found: ChangeRecord | ZNode, path: string, zxid: number): void {
    const record = this.change(found, path, zxid);
    this.#digest.subtract(record.digestCrc);
    this.#disown(record);
    record.deleted = true;
  }

  /**
   * Deletes the ephemerals of a session, pending ones too, and returns their paths. There can be a hundred
   * thousand: those in the tree get no record of their own, and a parent is changed once for all its
   * children.
   */
  endSession(owner: bigint, zxid: number): string[] {
    const paths: string[] = [];
    const parents = new GoneChildren();
    const pending = this.#byOwner.get(owner) ?? [];
    const inTree = this.#ending.has(owner) ? undefined : this.#tree.ephemeralsOf(owner);
    for (const [path, node] of inTree ?? NO_NODES) {
      // The node may be deleted or owned by another session by now. If this session owns the record, the code
      // below handles it.
      if (this.#byPath.size > 0 && this.#byPath.has(path)) continue;
      this.#digest.subtract(node.digestCrc);
      parents.add(path);
      paths.push(path);
    }
    for (const path of [...pending]) {
      this.delete(this.#byPath.get(path)!, path, zxid);
      parents.add(path);
      paths.push(path);
    }
    if (paths.length > 0) this.#ending.set(owner, zxid);
    for (const [path, count] of parents.done()) this.#changeParent(path, count, zxid);
    return paths;
  }

  #changeParent(path: string, gone: number, zxid: number): void {
    const parent = this.find(path);
    if (parent === undefined) return;
    const record = this.change(parent, path, zxid);
    record.childCount -= gone;
    if (zxid > record.pzxid) record.pzxid = zxid;
    this.changed(record);
  }

  /** Everything up to `zxid` is in the tree now. */
  release(zxid: number): void {
    this.#releasedUpTo = zxid;
    if (this.#ending.size > 0) this.#releaseEnded(zxid);
    for (;;) {
      const head = this.#released.peek();
      if (head === undefined || head.zxid > zxid) return;
      this.#released.shift();
      const record = this.#byPath.get(head.path);
      if (record !== undefined && record.zxid <= zxid) this.#put(head.path, null);
    }
  }

  #releaseEnded(zxid: number): void {
    for (const [owner, endedAt] of this.#ending) if (endedAt <= zxid) this.#ending.delete(owner);
  }

  /**
   * Makes later changes undoable: those of a multi, and those of a transaction that may turn out too long.
   * The end of a session cannot be refused and is never among them.
   */
  begin(): void {
    this.#undo = new Map();
    this.#undoDigest.copyFrom(this.#digest);
  }

  commit(): void {
    this.#undo = null;
  }

  /** Restores what every path held at `begin`, parents too. Does nothing when that was done already. */
  rollback(): void {
    if (this.#undo === null) return;
    for (const [path, before] of this.#undo) {
      // A multi may take several turns, and what was pending when it began may be in the tree by now.
      const isPending = before !== null && before.zxid > this.#releasedUpTo;
      this.#put(path, isPending ? before : null);
    }
    this.#digest.copyFrom(this.#undoDigest);
    this.#undo = null;
  }

  /** Null removes the record. */
  #put(path: string, record: ChangeRecord | null): void {
    const before = this.#byPath.get(path);
    if (before !== undefined) this.#disown(before);
    if (record === null) {
      this.#byPath.delete(path);
      return;
    }
    this.#byPath.set(path, record);
    const owner = record.ephemeralOwner;
    if (owner === 0n || record.deleted) return;
    const paths = this.#byOwner.get(owner);
    if (paths === undefined) this.#byOwner.set(owner, new Set([path]));
    else paths.add(path);
  }

  #disown({ path, ephemeralOwner }: ChangeRecord): void {
    if (ephemeralOwner === 0n) return;
    const paths = this.#byOwner.get(ephemeralOwner);
    if (paths?.delete(path) && paths.size === 0) this.#byOwner.delete(ephemeralOwner);
  }

  #remember(path: string, record: ChangeRecord | null): void {
    if (this.#undo === null || this.#undo.has(path)) return;
    this.#undo.set(path, record === null ? null : record.clone());
  }
}

/** Counts how many children each parent loses. Those of one parent often come together. */
class GoneChildren {
  readonly #counts = new Map<string, number>();
  #parent = '';
  #prefix = '';
  /** Children of `#parent` since it became that. */
  #count = 0;

  add(path: string): void {
    const nameAt = nameStart(path);
    if (nameAt !== this.#prefix.length || !path.startsWith(this.#prefix)) {
      this.#countParent();
      this.#prefix = path.slice(0, nameAt);
      this.#parent = parentOf(path);
    }
    this.#count++;
  }

  done(): ReadonlyMap<string, number> {
    this.#countParent();
    return this.#counts;
  }

  #countParent(): void {
    if (this.#count > 0) this.#counts.set(this.#parent, (this.#counts.get(this.#parent) ?? 0) + this.#count);
    this.#count = 0;
  }
}

const NO_NODES: ReadonlyMap<string, ZNode> = new Map();

function digestCrcOf(record: ChangeRecord): number {
  return countsInDigest(record.path) ? digestCrcFrom(record.contentCrcState, record) : 0;
}
