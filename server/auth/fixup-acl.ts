import type { Acl, Id } from '../wire/acl.ts';
import type { ProviderRegistry } from './provider-registry.ts';

/** What a client may put into an ACL. @see docs/sessions.md "ACL schemes"; PrepRequestProcessor.fixupACL */

/** More than a request of 1 MiB can name, so that nobody meets it who has not raised jute.maxbuffer. */
export const ACL_ENTRIES_MAX = 65_536;
/** perms and two lengths. */
const ACL_ENTRY_CHARS = 12;

/** What "auth" may still make of the ACLs of one transaction: it stands for up to 64 KiB in four letters. */
export interface AuthAllowance {
  charsLeft: number;
}

/**
 * The ACL that a node gets when a client asks for `acl`: "auth" stands for every identity the client has
 * proven. Null, which means INVALIDACL, when the list is empty or too long, names an identity that cannot be,
 * or says "auth" without one or more often than `allowance` has room for.
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
      // Once for each set of permissions: sixty thousand entries that say the same are one.
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

/** Each entry once, in the order in which they came. */
class FixedAcl {
  readonly entries: Acl[] = [];
  readonly #known = new Set<string>();

  add(perms: number, id: Id): void {
    const before = this.#known.size;
    if (this.#known.add(`${perms} ${id.scheme} ${id.id}`).size > before) this.entries.push({ perms, id });
  }
}
