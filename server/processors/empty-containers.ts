import type { DataTree } from '../tree/data-tree.ts';

/** Upstream deletes this many in its one-minute interval. The next check finds the rest. */
const CONTAINERS_MAX = 10_000;
/** Containers found in one part. Each becomes a transaction. */
const FOUND_MAX = 200;
const LOOKED_AT_MAX = 10_000;

/**
 * Finds containers that had children and have none now; a new one waits for its first. It works in parts and
 * returns the last of them: a client may have made a million containers, and other clients are served between
 * two parts. @see ContainerManager
 */
export function* emptyContainers(tree: DataTree): Generator<string[], string[]> {
  let part: string[] = [];
  let [found, looks] = [0, 0];
  for (const path of tree.containers) {
    if (part.length === FOUND_MAX || looks === LOOKED_AT_MAX) {
      yield part;
      part = [];
      looks = 0;
    }
    looks++;
    const node = tree.getNode(path);
    if (node === undefined || node.cversion <= 0 || (node.children?.size ?? 0) > 0) continue;
    part.push(path);
    if (++found === CONTAINERS_MAX) break;
  }
  return part;
}
