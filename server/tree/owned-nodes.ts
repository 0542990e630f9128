import { type OwnerLayout, ownerKind } from './owner.ts';

/** The paths of nodes with an owner: ephemerals by session, containers, and nodes with a TTL. */
export class OwnedNodes {
  readonly #layout: OwnerLayout;
  readonly #ephemerals = new Map<bigint, Set<string>>();
  #ephemeralsCount = 0;
  readonly #containers = new Set<string>();
  readonly #ttls = new Set<string>();
  /** The session whose ephemerals are all being deleted; else 0. */
  #closing = 0n;
  #closed = 0;

  constructor(layout: OwnerLayout) {
    this.#layout = layout;
  }

  /** Session id to the paths that it owns; a session without paths has no entry. */
  get ephemerals(): ReadonlyMap<bigint, ReadonlySet<string>> {
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

  register(path: string, owner: bigint): void {
    switch (ownerKind(owner, this.#layout)) {
      case 'session': {
        const paths = this.#ephemerals.get(owner);
        if (paths?.has(path)) return;
        this.#ephemeralsCount++;
        if (paths === undefined) this.#ephemerals.set(owner, new Set([path]));
        else paths.add(path);
        return;
      }
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

  unregister(path: string, owner: bigint): void {
    if (owner === this.#closing) {
      this.#closed++;
      return;
    }
    this.#containers.delete(path);
    this.#ttls.delete(path);
    const paths = this.#ephemerals.get(owner);
    if (!paths?.delete(path)) return;
    this.#ephemeralsCount--;
    if (paths.size === 0) this.#ephemerals.delete(owner);
  }

  /**
   * Drops a session as a whole, because it may own a hundred thousand nodes, and returns its paths. Until
   * `endClose`, its nodes are only counted as they are removed.
   */
  beginClose(sessionId: bigint): ReadonlySet<string> | undefined {
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
