import type { TlsVersion } from '../runtime/runtime.ts';

/** Cipher suites as Java names them, and as OpenSSL does. */
const SUITES_OF_1_2: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^TLS_(ECDHE|DHE)_(RSA|ECDSA)_WITH_AES_(128|256)_GCM_SHA(256|384)$/, '$1-$2-AES$3-GCM-SHA$4'],
  [/^TLS_(ECDHE|DHE)_(RSA|ECDSA)_WITH_AES_(128|256)_CBC_SHA(256|384)$/, '$1-$2-AES$3-SHA$4'],
  [/^TLS_(ECDHE|DHE)_(RSA|ECDSA)_WITH_AES_(128|256)_CBC_SHA$/, '$1-$2-AES$3-SHA'],
  [/^TLS_(ECDHE|DHE)_(RSA|ECDSA)_WITH_CHACHA20_POLY1305_SHA256$/, '$1-$2-CHACHA20-POLY1305'],
];
const NAMES_OF_1_2 = new Set(
  ['ECDHE-RSA', 'ECDHE-ECDSA', 'DHE-RSA'].flatMap(keys =>
    [
      'AES128-GCM-SHA256',
      'AES256-GCM-SHA384',
      'AES128-SHA256',
      'AES128-SHA',
      'AES256-SHA',
      'CHACHA20-POLY1305',
    ]
      .concat(keys === 'DHE-RSA' ? ['AES256-SHA256'] : ['AES256-SHA384'])
      .map(cipher => `${keys}-${cipher}`),
  ),
);
const NAMES_OF_1_3 = new Set([
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
]);

/**
 * OpenSSL's list for one of Java's names; undefined when a name is not known. Suites of TLS 1.3 come first.
 */
export function cipherList(suites: readonly string[]): string | undefined {
  const names = suites.map(opensslName);
  if (names.includes(undefined)) return undefined;
  return [...names].sort((a, b) => Number(NAMES_OF_1_3.has(b!)) - Number(NAMES_OF_1_3.has(a!))).join(':');
}

function opensslName(suite: string): string | undefined {
  if (NAMES_OF_1_3.has(suite)) return suite;
  const found = SUITES_OF_1_2.find(([pattern]) => pattern.test(suite));
  const name = found === undefined ? undefined : suite.replace(...found);
  return name !== undefined && NAMES_OF_1_2.has(name) ? name : undefined;
}

/** Versions that Java knows and this server does not speak. */
const OLD_VERSIONS = new Set(['SSLv2Hello', 'SSLv3', 'TLSv1', 'TLSv1.1']);

/**
 * The versions in a list of Java's names that this server speaks; undefined when the list is wrong, or names
 * none of them.
 */
export function tlsVersions(
  protocols: readonly string[],
): { readonly min: TlsVersion; readonly max: TlsVersion } | undefined {
  const known = protocols.filter(isSpoken);
  const [first] = known;
  if (first === undefined || protocols.some(name => !isSpoken(name) && !OLD_VERSIONS.has(name)))
    return undefined;
  return {
    min: known.includes('TLSv1.2') ? 'TLSv1.2' : first,
    max: known.includes('TLSv1.3') ? 'TLSv1.3' : first,
  };
}

function isSpoken(name: string): name is TlsVersion {
  return name === 'TLSv1.2' || name === 'TLSv1.3';
}
