/**
 * The root of a client (`chroot` of ZooKeeper's clients): a znode below which all of its paths lie. Requests
 * get it in front, and what comes back loses it, so histories do not know of it.
 */
import type { Invocation } from './history-recorder.ts';

/** Clients read the configuration by its real path, whatever their root; so does Java's. */
const OF_THE_SERVER = '/zookeeper/';

/** @param path empty where a request has none */
export function withRoot(root: string, path: string): string {
  if (path.startsWith(OF_THE_SERVER)) return path;
  return path === '/' && root !== '' ? root : path === '' ? path : `${root}${path}`;
}

/** Undefined for a path that is not below the root. The root itself is `/`. */
export function withoutRoot(root: string, path: string): string | undefined {
  if (root === '') return path;
  if (path === root) return '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

export function requestBelow(root: string, invocation: Invocation): Invocation {
  if (root === '') return invocation;
  const { path, parts } = invocation;
  return {
    ...invocation,
    path: withRoot(root, path),
    ...(parts && { parts: parts.map(part => ({ ...part, path: withRoot(root, part.path) })) }),
  };
}
