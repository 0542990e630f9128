import type { ZNode } from './znode.ts';

/**
 * Counts that nobody asks for at the moment, and that are kept up all the same: whoever asked once asks
 * again.
 */
const KEPT_MAX = 8;

/**
 * How many nodes there are below a path. They are counted part by part while the tree goes on changing, and
 * once they are counted the number is kept up with the tree.
 *
 * The nodes of a tree are looked at in the order in which they were inserted. So a node that is inserted
 * meanwhile is still to come, and one that is removed was counted if its serial number is not behind the last
 * one looked at.
 */
export class DescendantCount {
  readonly prefix: string;
  #nodes: Iterator<[path: string, node: ZNode]> | null;
  #lastSerial = -1;
  #count = 0;
  /** Those who ask for it now. */
  users = 0;

  constructor(path: string, nodes: Iterator<[path: string, node: ZNode]>) {
    this.prefix = `${path}/`;
    this.#nodes = nodes;
  }

  get isDone(): boolean {
    return this.#nodes === null;
  }

  /** Once it is done: of the tree as it is now. */
  get count(): number {
    return this.#count;
  }

  /** Looks at so many nodes more. True when all were looked at. */
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
  /** By prefix; the one asked for last is the last. */
  readonly #counts = new Map<string, DescendantCount>();

  constructor(nodes: ReadonlyMap<string, ZNode>) {
    this.#nodes = nodes;
  }

  get size(): number {
    return this.#counts.size;
  }

  /** The count below a path, new or under way or done. `release` it. */
  use(path: string): DescendantCount {
    const prefix = `${path}/`;
    const count = this.#counts.get(prefix) ?? new DescendantCount(path, this.#nodes.entries());
    count.users++;
    this.#counts.delete(prefix);
    this.#counts.set(prefix, count);
    return count;
  }

  /** One that is not done is of no use to anybody else. */
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
