import { createHash } from 'node:crypto';
import { type Acl, type Id, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ipMatches, parseIpRange } from './ip-address.ts';

/** Who may do what. @see facts section 8; ZooKeeperServer.checkACL, PrepRequestProcessor.fixupACL */

/** As many as a request of 1 MiB can name. "auth" could make many more of them: an entry for each identity. */
const ACL_ENTRIES_MAX = 65_536;

/** Schemes that a server knows without being told of more; x509 and sasl come with their configuration. */
const DEFAULT_SCHEMES: ReadonlySet<string> = new Set(['digest', 'ip']);

/**
 * Whether `ids`, the identities of a connection, grant one of the permissions `perm` under `acl`. The identity "super"
 * may do anything. An empty list lets nobody else in: no client can set one, but a node whose ACL a fuzzy snapshot
 * lacks has it until the log brings the real one.
 */
export function aclAllows(acl: readonly Acl[], perm: number, ids: readonly Id[]): boolean {
  if (acl === OPEN_ACL_UNSAFE) return true;
  for (const entry of acl) {
    if ((entry.perms & perm) !== 0 && (isWorld(entry.id) || someIdMatches(entry.id, ids))) return true;
  }
  return isSuper(ids);
}

function isSuper(ids: readonly Id[]): boolean {
  for (const id of ids) if (id.scheme === 'super') return true;
  return false;
}

function isWorld(id: Id): boolean {
  return id.scheme === 'world' && id.id === 'anyone';
}

function someIdMatches(wanted: Id, ids: readonly Id[]): boolean {
  for (const given of ids) {
    if (given.scheme !== wanted.scheme) continue;
    if (given.scheme === 'ip' ? ipMatches(given.id, wanted.id) : given.id === wanted.id) return true;
  }
  return false;
}

/**
 * The ACL that a node gets when a client asks for `acl`: "auth" stands for every identity the client has proven.
 * Null, which means INVALIDACL, when the list is empty, names an identity that cannot be, or says "auth" without one.
 */
export function fixupAcl(
  ids: readonly Id[],
  acl: readonly Acl[] | null,
  schemes: ReadonlySet<string> = DEFAULT_SCHEMES,
): Acl[] | null {
  if (acl === null || acl.length === 0) return null;
  const fixed: Acl[] = [];
  const known = new Set<string>();
  const addOnce = ({ perms, id }: Acl): void => {
    const before = known.size;
    if (known.add(`${perms} ${id.scheme} ${id.id}`).size > before) fixed.push({ perms, id });
  };
  for (const entry of acl) {
    if (fixed.length > ACL_ENTRIES_MAX) return null;
    if (entry.id.scheme === 'auth') {
      const proven = ids.filter(id => isProof(id.scheme) && schemes.has(id.scheme));
      if (proven.length === 0) return null;
      for (const id of proven) addOnce({ perms: entry.perms, id });
    } else if (isWorld(entry.id) || (schemes.has(entry.id.scheme) && isValidId(entry.id))) {
      addOnce(entry);
    } else {
      return null;
    }
  }
  return fixed;
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

/**
 * The digest identity of "user:password": "user:" and the hash of the whole in base64. `algorithm` is spelt as in
 * DigestAuthenticationProvider.digestAlg: SHA1, SHA-256, SHA3-256 ...
 */
export function digestId(userAndPassword: string, algorithm = 'SHA1'): string {
  const user = userAndPassword.split(':', 1)[0]!;
  const name = algorithm.toLowerCase().replace(/^sha-/, 'sha');
  return `${user}:${createHash(name).update(userAndPassword, 'utf8').digest('base64')}`;
}
