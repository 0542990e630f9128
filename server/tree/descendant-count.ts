import type { ZNode } from './znode.ts';

/** Number of counts that are kept up although nobody uses them now, because whoever asked once asks again. */
const KEPT_MAX = 8;

/**
 * The number of nodes below a path. Nodes are counted in parts while the tree keeps changing. Once they are
 * counted, the number is kept up with the tree.
 *
 * The count visits the nodes of the tree in the order of their insertion. So a node inserted meanwhile is
 * still to come, and a removed one was counted if its serial number is not above that of the last one
 * visited.
 */
export class DescendantCount {
  readonly prefix: string;
  #nodes: Iterator<[path: string, node: ZNode]> | null;
  #lastSerial = -1;
  #count = 0;
  /** Number of requests that use it now. */
  users = 0;

  constructor(path: string, nodes: Iterator<[path: string, node: ZNode]>) {
    this.prefix = `${path}/`;
    this.#nodes = nodes;
  }

  get isDone(): boolean {
    return this.#nodes === null;
  }

  /** Available once it is done: the count of the tree as it is now. */
  get count(): number {
    return this.#count;
  }

  /** Visits up to `nodesMax` more nodes. True when all were visited. */
  step(nodesMax: number): boolean {
    const nodes = this.#nodes;
    if (nodes === null) return true;
    for (let looked = 0; looked < nodesMax; looked++) {
      const next = nodes.next();
      if (next.done === true) {
        this.#nodes = null;
        return true;
      }
      const [path, node] = next.value;
      this.#lastSerial = node.serial;
      if (path.startsWith(this.prefix)) this.#count++;
    }
    return false;
  }

  inserted(path: string): void {
    if (this.#nodes === null && path.startsWith(this.prefix)) this.#count++;
  }

  removed(path: string, serial: number): void {
    if ((this.#nodes === null || serial <= this.#lastSerial) && path.startsWith(this.prefix)) this.#count--;
  }
}

/** The counts of one tree. */
export class DescendantCounts {
  readonly #nodes: ReadonlyMap<string, ZNode>;
  /** Counts by prefix; the most recently used is the last. */
  readonly #counts = new Map<string, DescendantCount>();

  constructor(nodes: ReadonlyMap<string, ZNode>) {
    this.#nodes = nodes;
  }

  get size(): number {
    return this.#counts.size;
  }

  /** Returns the count below a path: new, under way or done. Call `release` after use. */
  use(path: string): DescendantCount {
    const prefix = `${path}/`;
    const count = this.#counts.get(prefix) ?? new DescendantCount(path, this.#nodes.entries());
    count.users++;
    this.#counts.delete(prefix);
    this.#counts.set(prefix, count);
    return count;
  }

  /** An unfinished count is of no use to anybody else. */
  release(count: DescendantCount): void {
    count.users--;
    if (count.users === 0 && !count.isDone) this.#counts.delete(count.prefix);
    let idle = 0;
    for (const { users } of this.#counts.values()) if (users === 0) idle++;
    if (idle <= KEPT_MAX) return;
    for (const [prefix, { users }] of this.#counts) {
      if (users > 0) continue;
      this.#counts.delete(prefix);
      return;
    }
  }

  inserted(path: string): void {
    for (const count of this.#counts.values()) count.inserted(path);
  }

  removed(path: string, serial: number): void {
    for (const count of this.#counts.values()) count.removed(path, serial);
  }

  clear(): void {
    this.#counts.clear();
  }
}
