import type { Watcher } from './watcher.ts';

/**
 * The common part of the keys that begin with one prefix: a stretch of characters, then watchers, branches or
 * both.
 */
interface Branch {
  /** The key that ends here, or else a longer one that shares it; `label` is its stretch from `start` on. */
  source: string;
  start: number;
  label: string;
  /** Null unless a key ends here. */
  watchers: Set<Watcher> | null;
  /** Branches by the first character of their labels. */
  branches: Map<number, Branch> | null;
}

/**
 * The watchers of a path and everything below it, as a radix tree of paths. An event costs the characters of
 * its path, however deep it is and however many watches there are. Looking up each ancestor would cost depth
 * times length, and a multi of a megabyte at a depth of thousands delayed everybody.
 *
 * Keys end with a slash, so that one path is an ancestor of another exactly when its key is a prefix of the
 * other's.
 */
export class RecursiveWatches {
  readonly #root: Branch = branchOf('', 0, 0);
  #size = 0;

  /** Number of pairs of path and watcher. */
  get size(): number {
    return this.#size;
  }

  /** Adds a path that the watcher does not have yet. */
  add(path: string, watcher: Watcher): void {
    const key = keyOf(path);
    const end = this.#make(key);
    if (end.watchers === null) {
      end.watchers = new Set();
      stretch(end, key, end.start, key.length);
    }
    end.watchers.add(watcher);
    this.#size++;
  }

  /** Removes a path that the watcher has. */
  remove(path: string, watcher: Watcher): void {
    const key = keyOf(path);
    const way = this.#wayTo(key);
    const { watchers } = way.at(-1)!;
    watchers?.delete(watcher);
    this.#size--;
    if (watchers?.size === 0) this.#tidy(key, way);
  }

  /** The watchers above `path`, the nearest first. */
  above(path: string): ReadonlySet<Watcher>[] {
    const key = keyOf(path);
    const above: Set<Watcher>[] = [];
    for (let branch = this.#step(this.#root, key, 0); branch !== undefined; ) {
      const end = branch.start + branch.label.length;
      if (branch.watchers !== null && end < key.length) above.push(branch.watchers);
      branch = this.#step(branch, key, end);
    }
    return above.reverse();
  }

  /** The branch of `from` that continues with the characters of `key` from `at` on. */
  #step(from: Branch, key: string, at: number): Branch | undefined {
    const next = from.branches?.get(key.charCodeAt(at));
    return next !== undefined && key.startsWith(next.label, at) ? next : undefined;
  }

  /** The branches from the root to the end of `key`. */
  #wayTo(key: string): Branch[] {
    const way = [this.#root];
    for (let at = 0; at < key.length; ) {
      const next = this.#step(way.at(-1)!, key, at)!;
      way.push(next);
      at += next.label.length;
    }
    return way;
  }

  /** Finds or makes the branch at which `key` ends. */
  #make(key: string): Branch {
    let branch = this.#root;
    for (let at = 0; at < key.length; ) {
      const code = key.charCodeAt(at);
      const next = branch.branches?.get(code);
      if (next === undefined) {
        const leaf = branchOf(key, at, key.length);
        put(branch, leaf);
        return leaf;
      }
      const end = at + sharedChars(key, at, next.label);
      if (end < at + next.label.length) {
        const fork = branchOf(key, at, end);
        put(branch, fork);
        stretch(next, next.source, end, next.start + next.label.length);
        put(fork, next);
        branch = fork;
      } else {
        branch = next;
      }
      at = end;
    }
    return branch;
  }

  /**
   * Removes what `key` leaves behind when it has no watchers any more. No branch on its path may keep the
   * key's characters in memory.
   */
  #tidy(key: string, way: Branch[]): void {
    const end = way.at(-1)!;
    end.watchers = null;
    if (end.branches === null && way.length > 1) {
      way.pop();
      const parent = way.at(-1)!;
      parent.branches!.delete(key.charCodeAt(end.start));
      if (parent.branches!.size === 0) parent.branches = null;
    }
    for (let i = way.length - 1; i > 0; i--) {
      const branch = way[i]!;
      if (branch.watchers !== null) continue;
      const below: Branch = branch.branches!.values().next().value!;
      if (branch.branches!.size === 1) {
        stretch(below, below.source, branch.start, below.start + below.label.length);
        put(way[i - 1]!, below);
      } else {
        stretch(branch, below.source, branch.start, branch.start + branch.label.length);
      }
    }
  }
}

/** Clients may watch "", which is above no other path. */
function keyOf(path: string): string {
  return path === '/' || path === '' ? path : `${path}/`;
}

function branchOf(source: string, start: number, end: number): Branch {
  return { source, start, label: source.slice(start, end), watchers: null, branches: null };
}

function stretch(branch: Branch, source: string, start: number, end: number): void {
  branch.source = source;
  branch.start = start;
  branch.label = source.slice(start, end);
}

function put(above: Branch, branch: Branch): void {
  above.branches ??= new Map();
  above.branches.set(branch.label.charCodeAt(0), branch);
}

/** The number of characters of `key` from `at` on that match `label`. */
function sharedChars(key: string, at: number, label: string): number {
  const max = Math.min(label.length, key.length - at);
  let count = 0;
  while (count < max && key.charCodeAt(at + count) === label.charCodeAt(count)) count++;
  return count;
}
