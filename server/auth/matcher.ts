/**
 * The entries that one ACL has of one scheme, in the form in which a check costs what the client has
 * identities, however many entries there are.
 */
export interface Matcher {
  /** Whoever `aclId` matches gets `perms`. */
  grant(aclId: string, perms: number): void;
  /** What all entries together grant to the identity `id`, as bits. */
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
