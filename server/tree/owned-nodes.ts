import { type OwnerLayout, ownerKind } from './owner.ts';
import type { ZNode } from './znode.ts';

/** The paths of nodes with an owner: ephemerals by session, containers, and nodes with a TTL. */
export class OwnedNodes {
  readonly #layout: OwnerLayout;
  readonly #ephemerals = new Map<bigint, Map<string, ZNode>>();
  #ephemeralsCount = 0;
  readonly #containers = new Set<string>();
  readonly #ttls = new Set<string>();
  /** The session whose ephemerals are all being deleted; else 0. */
  #closing = 0n;
  #closed = 0;

  constructor(layout: OwnerLayout) {
    this.#layout = layout;
  }

  /** Session id to the nodes that it owns, by path; a session without nodes has no entry. */
  get ephemerals(): ReadonlyMap<bigint, ReadonlyMap<string, ZNode>> {
    return this.#ephemerals;
  }

  get ephemeralsCount(): number {
    return this.#ephemeralsCount;
  }

  get containers(): ReadonlySet<string> {
    return this.#containers;
  }

  get ttls(): ReadonlySet<string> {
    return this.#ttls;
  }

  clear(): void {
    this.#ephemerals.clear();
    this.#ephemeralsCount = 0;
    this.#containers.clear();
    this.#ttls.clear();
  }

  register(path: string, node: ZNode): void {
    const owner = node.ephemeralOwner;
    switch (ownerKind(owner, this.#layout)) {
      case 'session':
        this.#registerEphemeral(path, node, owner);
        return;
      case 'container':
        this.#containers.add(path);
        return;
      case 'ttl':
        this.#ttls.add(path);
        return;
      case 'none':
        return;
    }
  }

  #registerEphemeral(path: string, node: ZNode, owner: bigint): void {
    let nodes = this.#ephemerals.get(owner);
    if (nodes === undefined) {
      nodes = new Map();
      this.#ephemerals.set(owner, nodes);
    }
    const { size } = nodes;
    this.#ephemeralsCount += nodes.set(path, node).size - size;
  }

  unregister(path: string, owner: bigint): void {
    if (owner === this.#closing) {
      this.#closed++;
      return;
    }
    this.#containers.delete(path);
    this.#ttls.delete(path);
    const nodes = this.#ephemerals.get(owner);
    if (!nodes?.delete(path)) return;
    this.#ephemeralsCount--;
    if (nodes.size === 0) this.#ephemerals.delete(owner);
  }

  /**
   * Drops a session as a whole, because it may own a hundred thousand nodes, and returns these. Until
   * `endClose`, they are only counted as they are removed.
   */
  beginClose(sessionId: bigint): ReadonlyMap<string, ZNode> | undefined {
    const owned = this.#ephemerals.get(sessionId);
    if (owned === undefined) return undefined;
    this.#ephemerals.delete(sessionId);
    this.#ephemeralsCount -= owned.size;
    this.#closing = sessionId;
    this.#closed = 0;
    return owned;
  }

  /** Number of nodes of the closing session that were removed since `beginClose`. */
  get closed(): number {
    return this.#closed;
  }

  endClose(): void {
    this.#closing = 0n;
  }
}
