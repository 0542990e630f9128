import type { DataTree } from '../tree/data-tree.ts';

/** As many as upstream deletes in its minute; the rest are found at the next look. */
const CONTAINERS_MAX = 10_000;
/** Of one part: each is a transaction. */
const FOUND_MAX = 200;
const LOOKED_AT_MAX = 10_000;

/**
 * Containers that have had children and have none now. A new one waits for its first. In parts, the last of
 * them returned: a client may have made a million, and other clients are served between two parts. @see
 * ContainerManager
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
