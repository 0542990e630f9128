import { createHash } from 'node:crypto';

/** The digest identity of "user:password": "user:" and the hash of the whole in base64. */
export function digestId(userAndPassword: string, algorithm: HashName = 'sha1'): string {
  return `${userOf(userAndPassword)}:${createHash(algorithm).update(userAndPassword, 'utf8').digest('base64')}`;
}

/** Without a colon the whole text is the user. */
export function userOf(digest: string): string {
  return digest.split(':', 1)[0]!;
}

/**
 * Java's names for digest algorithms, in lower case without the first dash, and OpenSSL's names. @see
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
