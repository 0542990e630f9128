import type { Acl } from '../wire/acl.ts';
import { EventType } from '../wire/watch-event.ts';
import { type Crowd, type FiredCounts, FiredEvent, type Told, type WatcherGroup } from './fired-event.ts';
import { RecursiveWatches } from './recursive-watches.ts';
import { type WatchMemory, watchBytes } from './watch-memory.ts';
import type { Watcher } from './watcher.ts';

/**
 * How a watch fires. One watcher may hold several modes on one path, as upstream allows from 3.9 on.
 * @see ZOOKEEPER-4466
 */
export const WatchMode = {
  /** once */
  standard: 1,
  /** for the path itself, until removed */
  persistent: 2,
  /** for the path and all below it, until removed; never for NodeChildrenChanged */
  persistentRecursive: 4,
} as const;
export type WatchMode = (typeof WatchMode)[keyof typeof WatchMode];

const ALL_MODES = 7;

/**
 * Number of watchers of one path that are removed at once. A path may have ten thousand, and each has a table
 * of its own.
 */
const UNLINKED_AT_ONCE_MAX = 64;

/** Modes, as bits, by watcher: in order of registration, which is the order of delivery. */
class Watchers extends Map<Watcher, number> {
  /** How many of them have a standard watch, and how many another one. */
  standard = 0;
  lasting = 0;
  #ofChildren: ChildWatchers | null = null;

  /** Those of them that hear of the path's children. Always the same group. */
  get ofChildren(): ChildWatchers {
    this.#ofChildren ??= new ChildWatchers(this);
    return this.#ofChildren;
  }
}

/** The watchers of one path that hear of its children: all but those with a recursive watch alone. */
class ChildWatchers implements WatcherGroup {
  readonly #all: ReadonlyMap<Watcher, number>;

  constructor(all: ReadonlyMap<Watcher, number>) {
    this.#all = all;
  }

  /** Upper bound. */
  get size(): number {
    return this.#all.size;
  }

  has(watcher: Watcher): boolean {
    return hearsOfChildren(this.#all.get(watcher) ?? WatchMode.persistentRecursive);
  }

  *keys(): Generator<Watcher> {
    for (const [watcher, modes] of this.#all) if (hearsOfChildren(modes)) yield watcher;
  }
}

function hearsOfChildren(modes: number): boolean {
  return modes !== WatchMode.persistentRecursive;
}

const NOBODY: readonly ReadonlySet<Watcher>[] = [];

/** The watches of one kind (data or child): the watchers of each path, and the paths of each watcher. */
export class WatchManager {
  readonly #byPath = new Map<string, Watchers>();
  readonly #byWatcher = new Map<Watcher, Set<string>>();
  /** Pairs of path and watcher. */
  #watchCount = 0;
  /** How many of them have another mode than standard. */
  #lastingCount = 0;
  readonly #recursive = new RecursiveWatches();
  /** Paths whose watches are used up, with the watchers whose tables still contain them. */
  readonly #spent: { readonly path: string; readonly watchers: Iterator<Watcher> }[] = [];
  readonly #memory: WatchMemory;
  fired: FiredCounts | null = null;
  /** Takes the events that concern too many watchers to be sent at once. */
  crowd: Crowd | null = null;

  /** `memory` counts the memory of the watches. */
  constructor(memory: WatchMemory) {
    this.#memory = memory;
  }

  /** Pairs of path and watcher. */
  get watchCount(): number {
    return this.#watchCount;
  }

  get watcherCount(): number {
    this.settle();
    return this.#byWatcher.size;
  }

  /** Live. */
  get watchers(): Iterable<Watcher> {
    this.settle();
    return this.#byWatcher.keys();
  }

  get pathCount(): number {
    return this.#byPath.size;
  }

  /** Live: each watched path with its watchers. */
  get byPath(): ReadonlyMap<string, ReadonlyMap<Watcher, number>> {
    return this.#byPath;
  }

  /** False when the watcher already holds that mode on that path. */
  add(path: string, watcher: Watcher, mode: WatchMode = WatchMode.standard): boolean {
    let watchers = this.#byPath.get(path);
    if (watchers === undefined) {
      watchers = new Watchers();
      this.#byPath.set(path, watchers);
    }
    const modes = watchers.get(watcher) ?? 0;
    if ((modes & mode) !== 0) return false;
    watchers.set(watcher, modes | mode);
    this.#changed(path, watchers, watcher, modes, modes | mode);
    if (modes === 0) this.#link(watcher, path);
    return true;
  }

  /** `mode` null: any. */
  has(path: string, watcher: Watcher, mode: WatchMode | null = null): boolean {
    return ((this.#byPath.get(path)?.get(watcher) ?? 0) & (mode ?? ALL_MODES)) !== 0;
  }

  /** `mode` null: all. False when there was nothing to remove. */
  remove(path: string, watcher: Watcher, mode: WatchMode | null = null): boolean {
    const watchers = this.#byPath.get(path);
    const modes = watchers?.get(watcher) ?? 0;
    const left = modes & ~(mode ?? ALL_MODES);
    if (watchers === undefined || left === modes) return false;
    this.#changed(path, watchers, watcher, modes, left);
    if (left !== 0) {
      watchers.set(watcher, left);
      return true;
    }
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
    this.#unlink(watcher, path);
    return true;
  }

  /**
   * Removes up to `max` watches of a watcher whose connection is gone. False while there are more: one client
   * can have a million.
   */
  removeWatcher(watcher: Watcher, max = Number.POSITIVE_INFINITY): boolean {
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) return true;
    let removed = 0;
    for (const path of paths) {
      if (removed++ === max) return false;
      paths.delete(path);
      this.#memory.add(watcher, -watchBytes(path));
      const watchers = this.#byPath.get(path);
      const modes = watchers?.get(watcher);
      if (watchers === undefined || modes === undefined) continue;
      this.#changed(path, watchers, watcher, modes, 0);
      watchers.delete(watcher);
      if (watchers.size === 0) this.#byPath.delete(path);
    }
    this.#byWatcher.delete(watcher);
    return true;
  }

  /** False when used-up watches are still to be removed. `settle` does that, possibly in a later turn. */
  get isSettled(): boolean {
    return this.#spent.length === 0;
  }

  /** Removes used-up watches from the tables of up to `max` watchers. True when none are left. */
  settle(max = Number.POSITIVE_INFINITY): boolean {
    let left = max;
    for (let spent = this.#spent.at(-1); spent !== undefined; spent = this.#spent.at(-1)) {
      const { path, watchers } = spent;
      const here = this.#byPath.get(path);
      for (let next = watchers.next(); next.done !== true; next = watchers.next()) {
        // The watcher may watch the path again by now.
        if (here?.has(next.value) !== true) this.#unlink(next.value, path);
        if (--left <= 0) return false;
      }
      this.#spent.pop();
    }
    return true;
  }

  /**
   * Tells the watchers of `path`, except those in `suppressed`, who know already; their standard watches are
   * used up all the same. Returns the watchers concerned, null when there are none. A watcher may add and
   * remove watches while it is told.
   */
  trigger(
    path: string,
    type: EventType,
    zxid: number,
    acl: readonly Acl[],
    suppressed: Told | null = null,
  ): Told | null {
    if (this.#byPath.size === 0) return null;
    const here = this.#byPath.get(path);
    const above =
      this.#recursive.size > 0 && type !== EventType.childrenChanged ? this.#recursive.above(path) : NOBODY;
    if (here === undefined && above.length === 0) return null;
    if (this.crowd?.takes(sizeOf(here, above)) === true) {
      const groups = this.#groups(path, here, above, type);
      const event = new FiredEvent({ type, path, zxid, acl, groups, suppressed, counts: this.fired });
      this.crowd.take(event);
      return event;
    }
    let concerned: WatcherGroup;
    if (this.#lastingCount === 0) {
      concerned = here!;
      this.#spendAll(path, here!);
    } else {
      concerned = this.#concerned(path, here, above, type);
      if (concerned.size === 0) return null;
    }
    for (const watcher of concerned.keys()) {
      if (suppressed === null || !suppressed.has(watcher)) watcher.process(type, path, zxid, acl);
    }
    this.fired?.add(type, concerned.size);
    return concerned;
  }

  *watches(): Generator<[path: string, watcher: Watcher]> {
    for (const [path, watchers] of this.#byPath) {
      for (const watcher of watchers.keys()) yield [path, watcher];
    }
  }

  pathsOf(watcher: Watcher): ReadonlySet<string> | undefined {
    this.settle();
    return this.#byWatcher.get(watcher);
  }

  /** When all watches of the path are standard ones, the table drops them as a whole. */
  #spendAll(path: string, watchers: Watchers): void {
    this.#byPath.delete(path);
    this.#watchCount -= watchers.size;
    if (watchers.size > UNLINKED_AT_ONCE_MAX) this.#spent.push({ path, watchers: watchers.keys() });
    else for (const watcher of watchers.keys()) this.#unlink(watcher, path);
  }

  /**
   * When only one set of recursive watchers is concerned, it is used without a copy, because it may be large.
   */
  #concerned(
    path: string,
    here: Watchers | undefined,
    above: readonly ReadonlySet<Watcher>[],
    type: EventType,
  ): WatcherGroup {
    if (here === undefined && above.length === 1) return above[0]!;
    const concerned = new Map<Watcher, number>();
    if (here !== undefined) this.#spendStandard(path, here, type, concerned);
    for (const watchers of above)
      for (const watcher of watchers) concerned.set(watcher, WatchMode.persistentRecursive);
    return concerned;
  }

  /**
   * The same as groups, most of which are the tables themselves. This costs nothing per watcher, except for
   * used-up watches beside lasting ones.
   */
  #groups(
    path: string,
    here: Watchers | undefined,
    above: readonly ReadonlySet<Watcher>[],
    type: EventType,
  ): WatcherGroup[] {
    const groups: WatcherGroup[] = [...above];
    if (here === undefined) return groups;
    if (here.lasting === 0) {
      this.#spendAll(path, here);
      groups.push(here);
    } else if (here.standard === 0) {
      groups.push(type === EventType.childrenChanged ? here.ofChildren : here);
    } else {
      const concerned = new Map<Watcher, number>();
      this.#spendStandard(path, here, type, concerned);
      groups.push(concerned);
    }
    return groups;
  }

  #spendStandard(path: string, here: Watchers, type: EventType, concerned: Map<Watcher, number>): void {
    for (const [watcher, modes] of here) {
      if (type === EventType.childrenChanged && !hearsOfChildren(modes)) continue;
      concerned.set(watcher, modes);
      this.remove(path, watcher, WatchMode.standard);
    }
  }

  /** The watcher may still have the path, from a used-up watch that is not settled. */
  #link(watcher: Watcher, path: string): void {
    let paths = this.#byWatcher.get(watcher);
    if (paths === undefined) {
      paths = new Set();
      this.#byWatcher.set(watcher, paths);
    }
    const { size } = paths;
    if (paths.add(path).size > size) this.#memory.add(watcher, watchBytes(path));
  }

  #unlink(watcher: Watcher, path: string): void {
    const paths = this.#byWatcher.get(watcher);
    if (paths?.delete(path) !== true) return;
    this.#memory.add(watcher, -watchBytes(path));
    if (paths.size === 0) this.#byWatcher.delete(watcher);
  }

  #changed(path: string, watchers: Watchers, watcher: Watcher, before: number, after: number): void {
    const lasting = flag(after & LASTING) - flag(before & LASTING);
    this.#watchCount += flag(after) - flag(before);
    this.#lastingCount += lasting;
    watchers.lasting += lasting;
    watchers.standard += flag(after & WatchMode.standard) - flag(before & WatchMode.standard);
    if (((before ^ after) & WatchMode.persistentRecursive) === 0) return;
    if ((after & WatchMode.persistentRecursive) !== 0) {
      this.#recursive.add(path, watcher);
      this.#memory.add(watcher, watchBytes(path));
    } else {
      this.#recursive.remove(path, watcher);
      this.#memory.add(watcher, -watchBytes(path));
    }
  }
}

const LASTING = WatchMode.persistent | WatchMode.persistentRecursive;

/** Upper bound on the number of watchers concerned: one may be in several tables. */
function sizeOf(here: Watchers | undefined, above: readonly ReadonlySet<Watcher>[]): number {
  let size = here?.size ?? 0;
  for (const watchers of above) size += watchers.size;
  return size;
}

function flag(bits: number): number {
  return bits === 0 ? 0 : 1;
}
