import { CONFIG_PATH, type DataTree } from '../tree/data-tree.ts';

/**
 * The configuration in the tree; null when there is none, or when a client has written there, which raises
 * the node's version. A reconfiguration sets no version.
 */
export function configIn(tree: DataTree): string | null {
  const node = tree.getNode(CONFIG_PATH);
  if (node === undefined || node.version !== -1 || node.data === null) return null;
  return node.data.toString('utf8');
}
