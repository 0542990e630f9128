import type { DataTree } from './data-tree.ts';
import type { ZNode } from './znode.ts';

/**
 * Walks the nodes of a tree depth-first, parents before children, while the tree keeps changing between two
 * calls. Fuzzy snapshots are made from it. A node that is deleted before its turn is left out; so is one
 * created after `createdUpTo`, with all below it; no path comes twice. Replaying the log from the walk's
 * start corrects all of that.
 */
export class TreeWalk {
  readonly #tree: DataTree;
  readonly #createdUpTo: number;
  /**
   * Names are copied when their parent is visited: a name that is deleted and created again must not come
   * twice.
   */
  readonly #levels: Level[] = [];
  #started = false;

  /** `createdUpTo`: the last zxid whose nodes are visited. */
  constructor(tree: DataTree, createdUpTo = Number.POSITIVE_INFINITY) {
    this.#tree = tree;
    this.#createdUpTo = createdUpTo;
  }

  /** The path is as snapshots write it: "" for the root. Null at the end. */
  next(): [path: string, node: ZNode] | null {
    if (!this.#started) {
      this.#started = true;
      return this.#enter('', '/');
    }
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      if (level.at === level.names.length) {
        this.#levels.pop();
        continue;
      }
      const path = `${level.path}/${level.names[level.at++]!}`;
      const entered = this.#enter(path, path);
      if (entered !== null) return entered;
    }
    return null;
  }

  #enter(path: string, key: string): [path: string, node: ZNode] | null {
    const node = this.#tree.getNode(key);
    if (node === undefined || node.czxid > this.#createdUpTo) return null;
    if (node.children !== null && node.children.size > 0) {
      this.#levels.push({ path, names: [...node.children], at: 0 });
    }
    return [path, node];
  }
}

interface Level {
  readonly path: string;
  readonly names: string[];
  at: number;
}
