import type { Acl } from '../wire/acl.ts';
import { nameOf, parentOf } from '../wire/path.ts';
import { AclCache } from './acl-cache.ts';
import { DataKeeper } from './data-keeper.ts';
import { DescendantCounts } from './descendant-count.ts';
import { contentCrcState, countsInDigest, digestCrcFrom, TreeDigest } from './digest.ts';
import { OwnedNodes } from './owned-nodes.ts';
import type { OwnerLayout } from './owner.ts';
import { dataLength, ZNode } from './znode.ts';

const EMPTY = Buffer.alloc(0);

/**
 * The znodes by path, and all that is kept up with them: the digest, the size, the shared ACLs, the nodes
 * with an owner. Whoever changes a node that it got from here must say so afterwards.
 */
export class NodeTable {
  readonly aclCache = new AclCache();
  readonly digest = new TreeDigest();
  readonly owned: OwnedNodes;
  /** Characters of paths plus bytes of data. */
  dataSize = 0;
  readonly #nodes = new Map<string, ZNode>();
  readonly descendantCounts = new DescendantCounts(this.#nodes);
  readonly #keeper = new DataKeeper();
  #nextSerial = 0;

  constructor(layout: OwnerLayout) {
    this.owned = new OwnedNodes(layout);
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(path: string): ZNode | undefined {
    return this.#nodes.get(path);
  }

  clear(): void {
    this.#nodes.clear();
    this.descendantCounts.clear();
    this.owned.clear();
    this.aclCache.clear();
    this.digest.clear();
    this.dataSize = 0;
  }

  /** Adds a node that every server has from the beginning. */
  addBuiltIn(path: string, acl: readonly Acl[]): ZNode {
    const node = new ZNode(EMPTY, this.aclCache.acquire(acl), 0n, 0, 0);
    if (path !== '/') link(this.#nodes.get(parentOf(path))!, nameOf(path));
    this.insert(path, node);
    return node;
  }

  /** The node's ACL comes from `aclCache`. Its parent is told by `link`. */
  insert(path: string, node: ZNode): void {
    node.data = this.#keeper.keep(node.data);
    node.serial = this.#nextSerial++;
    this.#nodes.set(path, node);
    if (this.descendantCounts.size > 0) this.descendantCounts.inserted(path);
    this.dataSize += path.length + dataLength(node);
    if (node.ephemeralOwner !== 0n) this.owned.register(path, node);
    if (!countsInDigest(path)) return;
    node.contentCrcState = contentCrcState(path, node.data);
    node.digestCrc = digestCrcFrom(node.contentCrcState, node);
    this.digest.add(node.digestCrc);
  }

  /**
   * A deleted node is empty except in a replay, where the snapshot may hold children of a later node of the
   * same path. They would be orphans; the log creates them again after that node. False when the node was
   * gone already.
   */
  removeSubtree(path: string, node: ZNode): boolean {
    if (!this.#remove(path, node)) return false;
    if (node.children === null || node.children.size === 0) return true;
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
    return true;
  }

  #remove(path: string, node: ZNode): boolean {
    if (!this.#nodes.delete(path)) return false;
    if (this.descendantCounts.size > 0) this.descendantCounts.removed(path, node.serial);
    this.dataSize -= path.length + dataLength(node);
    this.aclCache.release(node.acl);
    if (node.ephemeralOwner !== 0n) this.owned.unregister(path, node.ephemeralOwner);
    if (countsInDigest(path)) this.digest.subtract(node.digestCrc);
    return true;
  }

  setData(path: string, node: ZNode, data: Buffer | null, version: number, zxid: number, time: number): void {
    this.dataSize -= dataLength(node);
    node.data = this.#keeper.keep(data);
    node.version = version;
    node.mzxid = zxid;
    node.mtime = time;
    this.dataSize += dataLength(node);
    if (!countsInDigest(path)) return;
    node.contentCrcState = contentCrcState(path, node.data);
    this.statChanged(path, node);
  }

  /** Called after each change of a node's stat. */
  statChanged(path: string, node: ZNode): void {
    if (!countsInDigest(path)) return;
    this.digest.subtract(node.digestCrc);
    node.digestCrc = digestCrcFrom(node.contentCrcState, node);
    this.digest.add(node.digestCrc);
  }
}

/** Adds a child's name to its parent. */
export function link(parent: ZNode, name: string): void {
  if (parent.children === null) parent.children = new Set([name]);
  else parent.children.add(name);
}

/**
 * Takes these children, whose names begin at `nameAt`, from their parent. When that is most of them, it looks
 * for the others instead: nearly always the paths come in the order in which the parent got them.
 */
export function unlink(parent: ZNode, paths: readonly string[], nameAt: number): void {
  const { children } = parent;
  if (children === null) return;
  const others = paths.length * 2 > children.size ? othersThan(children, paths, nameAt) : null;
  if (others !== null) parent.children = others;
  else for (const path of paths) children.delete(path.slice(nameAt));
}

/** Null when the paths come in another order. */
function othersThan(
  names: ReadonlySet<string>,
  paths: readonly string[],
  nameAt: number,
): Set<string> | null {
  const others = new Set<string>();
  let at = 0;
  for (const name of names) {
    const path = paths[at];
    if (path?.length === nameAt + name.length && path.endsWith(name)) at++;
    else others.add(name);
  }
  return at === paths.length ? others : null;
}
