import type { Acl, Id } from '../wire/acl.ts';
import type { ProviderRegistry } from './provider-registry.ts';

/**
 * Checks and expands what a client puts into an ACL. @see docs/sessions.md "ACL schemes";
 * PrepRequestProcessor.fixupACL
 */

/**
 * A request of 1 MiB cannot name this many, so only clients with a raised jute.maxbuffer can meet the limit.
 */
export const ACL_ENTRIES_MAX = 65_536;
/** The size of perms and two lengths. */
const ACL_ENTRY_CHARS = 12;

/** How much "auth" may still expand in the ACLs of one transaction: four letters stand for up to 64 KiB. */
export interface AuthAllowance {
  charsLeft: number;
}

/**
 * The ACL that a node gets when a client asks for `acl`: "auth" becomes every identity that the client has
 * proven. Null, which means INVALIDACL, when the list is empty or too long, contains an invalid identity, has
 * "auth" without a proven identity, or expands beyond `allowance`.
 */
export function fixupAcl(
  ids: readonly Id[],
  acl: readonly Acl[] | null,
  allowance: AuthAllowance,
  providers: ProviderRegistry,
): Acl[] | null {
  if (acl === null || acl.length === 0 || acl.length > ACL_ENTRIES_MAX) return null;
  const fixed = new FixedAcl();
  let meant: readonly Id[] | null = null;
  const expanded = new Set<number>();
  for (const { perms, id } of acl) {
    const provider = providers.get(id.scheme);
    if (provider?.standsForAuthor === true) {
      // Expanded once for each set of permissions, however many entries repeat it.
      if (expanded.has(perms)) continue;
      expanded.add(perms);
      meant ??= ids.filter(({ scheme }) => providers.get(scheme)?.isAuthenticated === true);
      if (meant.length === 0) return null;
      for (const each of meant) {
        fixed.add(perms, each);
        allowance.charsLeft -= ACL_ENTRY_CHARS + each.scheme.length + each.id.length;
        if (allowance.charsLeft < 0) return null;
      }
    } else if (provider?.isValid(id.id) === true) {
      fixed.add(perms, id);
    } else {
      return null;
    }
  }
  return fixed.entries;
}

/** Keeps each entry once, in the order of arrival, without making a text for each. */
class FixedAcl {
  readonly entries: Acl[] = [];
  readonly #idsBySchemeAndPerms = new Map<string, Map<number, Set<string>>>();
  /** Scheme and permissions of the previous entry, which are usually the same. */
  #scheme = '';
  #perms = 0;
  #ids = new Set<string>();

  add(perms: number, id: Id): void {
    if (id.scheme !== this.#scheme || perms !== this.#perms) this.#turnTo(id.scheme, perms);
    const before = this.#ids.size;
    if (this.#ids.add(id.id).size > before) this.entries.push({ perms, id });
  }

  #turnTo(scheme: string, perms: number): void {
    const byPerms = this.#idsBySchemeAndPerms.get(scheme) ?? new Map<number, Set<string>>();
    this.#idsBySchemeAndPerms.set(scheme, byPerms);
    const ids = byPerms.get(perms) ?? new Set<string>();
    byPerms.set(perms, ids);
    [this.#scheme, this.#perms, this.#ids] = [scheme, perms, ids];
  }
}
