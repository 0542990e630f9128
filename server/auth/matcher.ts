/**
 * The entries of one scheme in one ACL. A check costs as many steps as the client has identities, however
 * many entries there are.
 */
export interface Matcher {
  /** Grants `perms` to all identities that `aclId` matches. */
  grant(aclId: string, perms: number): void;
  /** The permissions that all entries together grant to the identity `id`, as bits. */
  permsOf(id: string): number;
}

/** An entry matches the identity that it names. */
export class ExactMatcher implements Matcher {
  readonly #perms = new Map<string, number>();

  grant(aclId: string, perms: number): void {
    this.#perms.set(aclId, this.permsOf(aclId) | perms);
  }

  permsOf(id: string): number {
    return this.#perms.get(id) ?? 0;
  }
}
