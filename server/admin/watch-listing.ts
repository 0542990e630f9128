import type { ServerView } from './server-view.ts';

/** Session id -> the paths it watches, of data and children alike; sessions without a watch are left out. */
export function watchesBySession(view: ServerView): Map<bigint, string[]> {
  const { dataWatches, childWatches } = view.database.tree;
  const bySession = new Map<bigint, string[]>();
  for (const connection of view.serving?.connections ?? []) {
    const paths = new Set([
      ...(dataWatches.pathsOf(connection) ?? []),
      ...(childWatches.pathsOf(connection) ?? []),
    ]);
    if (paths.size > 0) bySession.set(connection.sessionId, [...paths]);
  }
  return bySession;
}

/** The same the other way round. */
export function sessionsByWatchedPath(view: ServerView): Map<string, bigint[]> {
  const byPath = new Map<string, bigint[]>();
  for (const [session, paths] of watchesBySession(view)) {
    for (const path of paths) {
      const sessions = byPath.get(path);
      if (sessions === undefined) byPath.set(path, [session]);
      else sessions.push(session);
    }
  }
  return byPath;
}

/**
 * How many connections watch how many paths: who watches a node's data and its children is one, and so is the node. Upstream
 * leaves child watches out here and has them in `mntr`.
 */
export function watchSummary(view: ServerView): { connections: number; paths: number; watches: number } {
  const { dataWatches, childWatches } = view.database.tree;
  return {
    connections: new Set([...dataWatches.watchers, ...childWatches.watchers]).size,
    paths: new Set([...dataWatches.paths, ...childWatches.paths]).size,
    watches: dataWatches.watchCount + childWatches.watchCount,
  };
}
