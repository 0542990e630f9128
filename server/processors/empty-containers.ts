import type { DataTree } from '../tree/data-tree.ts';

/** As many as upstream deletes in its minute; the rest are found at the next look. */
const CONTAINERS_AT_ONCE_MAX = 10_000;

/** Containers that have had children and have none now. A new one waits for its first. @see ContainerManager */
export function emptyContainers(tree: DataTree): string[] {
  const empty: string[] = [];
  for (const path of tree.containers) {
    const node = tree.getNode(path);
    if (node === undefined || node.cversion <= 0 || (node.children?.size ?? 0) > 0) continue;
    empty.push(path);
    if (empty.length === CONTAINERS_AT_ONCE_MAX) break;
  }
  return empty;
}
