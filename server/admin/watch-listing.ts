import { sessionIdHex } from '../sessions/session-id.ts';
import type { ServerView } from './server-view.ts';

/** Session id in hex -> the paths it watches, of data and children alike; sessions without a watch are left out. */
export function watchesBySession(view: ServerView): Map<string, string[]> {
  const { dataWatches, childWatches } = view.database.tree;
  const bySession = new Map<string, string[]>();
  for (const connection of view.serving?.connections ?? []) {
    const paths = new Set([
      ...(dataWatches.pathsOf(connection) ?? []),
      ...(childWatches.pathsOf(connection) ?? []),
    ]);
    if (paths.size > 0) bySession.set(sessionIdHex(connection.sessionId), [...paths]);
  }
  return bySession;
}

/** The same the other way round. */
export function sessionsByWatchedPath(view: ServerView): Map<string, string[]> {
  const byPath = new Map<string, string[]>();
  for (const [session, paths] of watchesBySession(view)) {
    for (const path of paths) {
      const sessions = byPath.get(path);
      if (sessions === undefined) byPath.set(path, [session]);
      else sessions.push(session);
    }
  }
  return byPath;
}
