import { createHash } from 'node:crypto';
import { parseIpRange } from '../runtime/ip-address.ts';
import type { Acl, Id } from '../wire/acl.ts';
import { isWorld } from './acl-decisions.ts';

/** What a client may put into an ACL. @see docs/sessions.md "ACL schemes"; PrepRequestProcessor.fixupACL */

/** More than a request of 1 MiB can name, so that nobody meets it who has not raised jute.maxbuffer. */
export const ACL_ENTRIES_MAX = 65_536;
/** perms and two lengths. */
const ACL_ENTRY_CHARS = 12;

/** Schemes that a server knows without being told of more; x509 and sasl come with their configuration. */
const DEFAULT_SCHEMES: ReadonlySet<string> = new Set(['digest', 'ip']);
const WITHOUT_DIGEST: ReadonlySet<string> = new Set(['ip']);

/** @see DigestAuthenticationProvider.enabled */
export function knownSchemes(digestEnabled: boolean): ReadonlySet<string> {
  return digestEnabled ? DEFAULT_SCHEMES : WITHOUT_DIGEST;
}

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
  schemes: ReadonlySet<string> = DEFAULT_SCHEMES,
): Acl[] | null {
  if (acl === null || acl.length === 0 || acl.length > ACL_ENTRIES_MAX) return null;
  const fixed = new FixedAcl();
  let proven: readonly Id[] | null = null;
  const expanded = new Set<number>();
  for (const { perms, id } of acl) {
    if (id.scheme === 'auth') {
      // Once for each set of permissions: sixty thousand entries that say the same are one.
      if (expanded.has(perms)) continue;
      expanded.add(perms);
      proven ??= ids.filter(each => isProof(each.scheme) && schemes.has(each.scheme));
      if (proven.length === 0) return null;
      for (const each of proven) {
        fixed.add(perms, each);
        allowance.charsLeft -= ACL_ENTRY_CHARS + each.scheme.length + each.id.length;
        if (allowance.charsLeft < 0) return null;
      }
    } else if (isWorld(id) || (schemes.has(id.scheme) && isValidId(id))) {
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

/** An address is where a client is, not who it is; "super" is a right, not an identity. */
function isProof(scheme: string): boolean {
  return scheme !== 'ip' && scheme !== 'super';
}

function isValidId({ scheme, id }: Id): boolean {
  switch (scheme) {
    case 'digest': {
      const colon = id.indexOf(':');
      return colon >= 0 && colon === id.lastIndexOf(':') && colon < id.length - 1;
    }
    case 'ip':
      return parseIpRange(id) !== null;
    default:
      return id.length > 0;
  }
}

/** The digest identity of "user:password": "user:" and the hash of the whole in base64. */
export function digestId(userAndPassword: string, algorithm: HashName = 'sha1'): string {
  const user = userAndPassword.split(':', 1)[0]!;
  return `${user}:${createHash(algorithm).update(userAndPassword, 'utf8').digest('base64')}`;
}

/**
 * Java's names for the algorithms of digests, in small letters without the first dash, and OpenSSL's. @see
 * DigestAuthenticationProvider.digestAlg
 */
const HASH_NAMES = {
  md5: 'md5',
  sha: 'sha1',
  sha1: 'sha1',
  sha224: 'sha224',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
  'sha512/224': 'sha512-224',
  'sha512/256': 'sha512-256',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
} as const;

export type HashName = (typeof HASH_NAMES)[keyof typeof HASH_NAMES];

/** The algorithm of that name, as MessageDigest.getInstance finds it; undefined when there is none. */
export function hashNamed(javaName: string): HashName | undefined {
  const name = javaName.toLowerCase().replace(/^sha-/, 'sha');
  return Object.hasOwn(HASH_NAMES, name) ? HASH_NAMES[name as keyof typeof HASH_NAMES] : undefined;
}
