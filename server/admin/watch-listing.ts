import type { Watcher } from '../tree/watcher.ts';
import { atMost, PAUSE, type Pause, type Slow } from '../turns/live.ts';
import type { ServerView } from './server-view.ts';

/** A key, and the values under it, which must be taken before the next key. */
export type Listed<K, V> = readonly [key: K, values: Iterable<V | Pause>];

/** Sessions with the paths they watch, of data and children alike; sessions without a watch are left out. */
export function* watchesBySession(view: ServerView): Generator<Listed<bigint, string> | Pause> {
  const { dataWatches, childWatches } = view.database.tree;
  const connections = view.serving?.connections ?? NOBODY;
  for (const connection of atMost(connections.size, connections)) {
    const ofData = dataWatches.pathsOf(connection) ?? NOTHING;
    const ofChildren = childWatches.pathsOf(connection) ?? NOTHING;
    if (ofData.size + ofChildren.size > 0) yield [connection.sessionId, union(ofData, ofChildren)];
    else yield PAUSE;
  }
}

/** The watched paths with the sessions that watch them. */
export function* sessionsByWatchedPath(view: ServerView): Generator<Listed<string, bigint> | Pause> {
  const { dataWatches, childWatches } = view.database.tree;
  /** The listed paths that have watches of both kinds. Their watchers may change before the second loop. */
  const listed = new Set<string>();
  for (const [path, watchers] of atMost(dataWatches.pathCount, dataWatches.byPath)) {
    const ofChildren = childWatches.byPath.get(path);
    if (ofChildren !== undefined) listed.add(path);
    yield [path, sessionsOf(union(watchers, ofChildren ?? NOBODY))];
  }
  for (const [path, watchers] of atMost(childWatches.pathCount, childWatches.byPath)) {
    if (listed.has(path)) yield PAUSE;
    else yield [path, sessionsOf(union(watchers, NOBODY))];
  }
}

const NOTHING: ReadonlySet<string> = new Set();
const NOBODY: ReadonlySet<never> = new Set();

interface Members<T> {
  readonly size: number;
  has(member: T): boolean;
  keys(): Iterable<T>;
}

/** The members of both sets, each once. */
function* union<T>(first: Members<T>, second: Members<T>): Generator<T | Pause> {
  yield* atMost(first.size, first.keys());
  for (const member of atMost(second.size, second.keys())) yield first.has(member) ? PAUSE : member;
}

function* sessionsOf(watchers: Iterable<Watcher | Pause>): Generator<bigint | Pause> {
  for (const watcher of watchers) yield watcher?.sessionId;
}

/**
 * How many connections watch how many paths. A connection that watches a node's data and its children counts
 * once, and so does the node. Upstream leaves child watches out here and counts them in `mntr`.
 */
export function* watchSummary(
  view: ServerView,
): Slow<{ connections: number; paths: number; watches: number }> {
  const { dataWatches, childWatches } = view.database.tree;
  const watching = { connections: dataWatches.watcherCount, paths: dataWatches.pathCount };
  for (const watcher of atMost(childWatches.watcherCount, childWatches.watchers)) {
    if (dataWatches.pathsOf(watcher) === undefined) watching.connections++;
    yield PAUSE;
  }
  for (const path of atMost(childWatches.pathCount, childWatches.byPath.keys())) {
    if (!dataWatches.byPath.has(path)) watching.paths++;
    yield PAUSE;
  }
  return { ...watching, watches: dataWatches.watchCount + childWatches.watchCount };
}
