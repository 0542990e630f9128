import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { readPath } from '../wire/requests.ts';
import { EventType } from '../wire/watch-event.ts';
import type { DataTree } from './data-tree.ts';
import { type WatchManager, WatchMode } from './watch-manager.ts';
import { mayRearm, WatchesFullError, type WatchLimits } from './watch-memory.ts';
import type { Watcher } from './watcher.ts';
import type { ZNode } from './znode.ts';

/**
 * Restores the watches of a client that reconnects. `relativeZxid` is the last change it knows: a change of a
 * watched path since then is sent at once, which uses up the watch.
 *
 * A deleted path has no ACL left to check for READ, so its event is sent: the client could see the node when
 * it set the watch. For all others the watcher checks the node's ACL. @see docs/wire.md "Watches"
 *
 * A request of a megabyte has a quarter of a million paths. A few are processed at a time, each against the
 * tree of that moment.
 */
export class Rearming {
  readonly #tree: DataTree;
  readonly #reader: JuteReader;
  readonly #watcher: Watcher;
  readonly #since: number;
  readonly #lists: number;
  readonly #limits: WatchLimits;
  #list = 0;
  /** Number of paths of the current list that are still to be read. */
  #left: number;

  /**
   * `reader` stands at the body of setWatches or setWatches2. Nobody else may use it until all paths are
   * done.
   * @throws JuteError when the body is malformed
   */
  constructor(
    parts: { readonly tree: DataTree; readonly limits: WatchLimits },
    reader: JuteReader,
    withPersistent: boolean,
    watcher: Watcher,
  ) {
    this.#tree = parts.tree;
    this.#limits = parts.limits;
    this.#reader = reader;
    this.#watcher = watcher;
    this.#lists = withPersistent ? LISTS.length : LISTS_WITHOUT_PERSISTENT;
    this.#since = reader.readLong();
    checkPaths(new JuteReader(reader.bytes, reader.offset, reader.end), this.#lists);
    this.#left = reader.readInt();
  }

  /**
   * Processes up to `pathsMax` more paths. True when all are done. @throws WatchesFullError when there are
   * more than the client may have
   */
  step(pathsMax: number): boolean {
    for (let done = 0; ; ) {
      if (this.#left <= 0) {
        this.#list++;
        if (this.#list === this.#lists) return true;
        this.#left = this.#reader.readInt();
      } else if (done === pathsMax) {
        return false;
      } else {
        const { bytes } = this.#tree.watchMemory;
        if (!mayRearm(this.#limits, bytes, this.#watcher)) throw new WatchesFullError(bytes, this.#watcher);
        LISTS[this.#list]!(this.#tree, readPath(this.#reader), this.#watcher, this.#since);
        this.#left--;
        done++;
      }
    }
  }
}

/** The action for a path of each list of a request. */
type Rearm = (tree: DataTree, path: string, watcher: Watcher, since: number) => void;

const LISTS: readonly Rearm[] = [rearmData, rearmExist, rearmChild, rearmPersistent, rearmRecursive];
const LISTS_WITHOUT_PERSISTENT = 3;

/** Checks that all paths are there before anything is done for the first. */
function checkPaths(reader: JuteReader, lists: number): void {
  for (let list = 0; list < lists; list++) {
    const count = reader.readInt();
    if (count < -1) throw new JuteError(`a vector cannot have ${count} paths`);
    for (let left = count; left > 0; left--) if (!reader.skipField()) throw new JuteError('a path is null');
  }
}

function rearmData(tree: DataTree, path: string, watcher: Watcher, since: number): void {
  const node = tree.nodeToRead(path);
  if (node === undefined) tellGone(tree, path, watcher);
  else if (node.mzxid > since) tell(tree, EventType.dataChanged, path, node, watcher);
  else tree.dataWatches.add(path, watcher);
}

function rearmExist(tree: DataTree, path: string, watcher: Watcher): void {
  const node = tree.nodeToRead(path);
  if (node !== undefined) tell(tree, EventType.created, path, node, watcher);
  else tree.dataWatches.add(path, watcher);
}

function rearmChild(tree: DataTree, path: string, watcher: Watcher, since: number): void {
  const node = tree.nodeToRead(path);
  if (node === undefined) tellGone(tree, path, watcher);
  else if (node.pzxid > since) tell(tree, EventType.childrenChanged, path, node, watcher);
  else tree.childWatches.add(path, watcher);
}

function rearmPersistent(tree: DataTree, path: string, watcher: Watcher): void {
  addWatch(tree, path, watcher, WatchMode.persistent);
}

function rearmRecursive(tree: DataTree, path: string, watcher: Watcher): void {
  addWatch(tree, path, watcher, WatchMode.persistentRecursive);
}

function tell(tree: DataTree, type: EventType, path: string, node: ZNode, watcher: Watcher): void {
  watcher.process(type, path, tree.lastProcessedZxid, node.acl);
}

function tellGone(tree: DataTree, path: string, watcher: Watcher): void {
  watcher.process(EventType.deleted, path, tree.lastProcessedZxid, OPEN_ACL_UNSAFE);
}

/**
 * The addWatch operation. Recursive watches never get NodeChildrenChanged, so the data table alone serves
 * them.
 */
export function addWatch(
  tree: DataTree,
  path: string,
  watcher: Watcher,
  mode: typeof WatchMode.persistent | typeof WatchMode.persistentRecursive,
): void {
  tree.dataWatches.add(path, watcher, mode);
  if (mode === WatchMode.persistent) tree.childWatches.add(path, watcher, mode);
}

/** Types of checkWatches and removeWatches. @see docs/wire.md "Watches"; Watcher.WatcherType */
export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 } as const;

export function isWatcherType(type: number): boolean {
  return type >= WatcherType.children && type <= WatcherType.persistentRecursive;
}

/** The checkWatches operation. Children and data mean one-shot watches only. @see ZOOKEEPER-4471 */
export function hasWatch(tree: DataTree, path: string, watcherType: number, watcher: Watcher): boolean {
  return tablesOf(tree, watcherType).some(table => table.has(path, watcher, modeOf(watcherType)));
}

/** The removeWatches operation. False when there is no such watch: NOWATCHER. */
export function removeWatch(tree: DataTree, path: string, watcherType: number, watcher: Watcher): boolean {
  let removed = false;
  for (const table of tablesOf(tree, watcherType)) {
    if (table.remove(path, watcher, modeOf(watcherType))) removed = true;
  }
  return removed;
}

function tablesOf(tree: DataTree, watcherType: number): WatchManager[] {
  switch (watcherType) {
    case WatcherType.children:
      return [tree.childWatches];
    case WatcherType.data:
    case WatcherType.persistentRecursive:
      return [tree.dataWatches];
    case WatcherType.any:
    case WatcherType.persistent:
      return [tree.dataWatches, tree.childWatches];
    default:
      return [];
  }
}

function modeOf(watcherType: number): WatchMode | null {
  switch (watcherType) {
    case WatcherType.any:
      return null;
    case WatcherType.persistent:
      return WatchMode.persistent;
    case WatcherType.persistentRecursive:
      return WatchMode.persistentRecursive;
    default:
      return WatchMode.standard;
  }
}
