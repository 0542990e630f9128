import type { DataTree } from '../tree/data-tree.ts';
import { ttlOfOwner } from '../tree/owner.ts';
import type { ZNode } from '../tree/znode.ts';

/** Nodes found in one part. Each becomes a transaction. */
const FOUND_MAX = 200;
const LOOKED_AT_MAX = 10_000;
const MINUTE_MS = 60_000;

export interface RemovalRules {
  /** Time of the machine. The times of nodes are those of the leaders that wrote them. */
  readonly wallMs: number;
  /** Nodes found by one check. The next one finds the rest. */
  readonly foundMax: number;
  /** A container that never had a child is found when it is older. 0: never */
  readonly neverUsedMaxMs: number;
}

/** How many nodes one check may find, so that no more than `perMinuteMax` are removed in a minute. */
export function foundMaxOf(perMinuteMax: number, checkIntervalMs: number): number {
  return Math.max(1, Math.floor((perMinuteMax * checkIntervalMs) / MINUTE_MS));
}

/**
 * Finds the nodes that the leader removes: containers that had children and have none now, and TTL nodes
 * without children that were not written for longer than their time. It works in parts and returns the last
 * of them: a client may have made a million containers, and other clients are served between two parts.
 * @see ContainerManager
 */
export function* removableNodes(tree: DataTree, rules: RemovalRules): Generator<string[], string[]> {
  const kinds = [
    { paths: tree.containers, isOver: (node: ZNode) => isContainerOver(node, rules) },
    { paths: tree.ttlNodes, isOver: (node: ZNode) => isTtlOver(node, rules.wallMs) },
  ];
  let part: string[] = [];
  let [found, looks] = [0, 0];
  for (const { paths, isOver } of kinds)
    for (const path of paths) {
      if (found === rules.foundMax) return part;
      if (part.length === FOUND_MAX || looks === LOOKED_AT_MAX) {
        yield part;
        part = [];
        looks = 0;
      }
      looks++;
      const node = tree.getNode(path);
      if (node === undefined || (node.children?.size ?? 0) > 0 || !isOver(node)) continue;
      part.push(path);
      found++;
    }
  return part;
}

/** A new container waits for its first child. */
function isContainerOver(node: ZNode, { wallMs, neverUsedMaxMs }: RemovalRules): boolean {
  if (node.cversion > 0) return true;
  return neverUsedMaxMs > 0 && wallMs - node.mtime > neverUsedMaxMs;
}

/** In the layout of 3.5.3, a time of 0 means none. */
function isTtlOver(node: ZNode, wallMs: number): boolean {
  const ttlMs = ttlOfOwner(node.ephemeralOwner);
  return ttlMs > 0 && wallMs - node.mtime > ttlMs;
}
