import { ServerError } from '../errors.ts';
import { badValue, missingKey } from '../properties/key-kinds.ts';
import type { TlsVersion } from '../runtime/runtime.ts';
import { cipherList, tlsVersions } from './cipher-suites.ts';
import type { Settings } from './config-keys.ts';

const STORE_TYPES = ['PEM', 'PKCS12', 'JKS'] as const;
export type StoreType = (typeof STORE_TYPES)[number];
const TYPE_OF_ENDING: Readonly<Record<string, StoreType>> = {
  '.pem': 'PEM',
  '.p12': 'PKCS12',
  '.jks': 'JKS',
};

/** A file with certificates, and with a private key when it is a key store. */
export interface StoreFile {
  /** The beginning of its keys, such as "ssl.quorum.keyStore". */
  readonly key: string;
  readonly path: string;
  readonly type: StoreType;
  readonly password: string;
  /** The file that holds the password. */
  readonly passwordPath: string | undefined;
}

/** TLS between members, complete and checked; the files are not read yet. */
export interface QuorumTls {
  /** This member dials others with TLS. */
  readonly dials: boolean;
  /** This member accepts members that do not speak TLS. */
  readonly acceptsPlain: boolean;
  readonly keyStore: StoreFile;
  readonly trustStore: StoreFile;
  readonly reloads: boolean;
  readonly versions: { readonly min: TlsVersion; readonly max: TlsVersion };
  readonly ciphers: string | undefined;
  readonly clientAuth: 'none' | 'want' | 'need';
  readonly verifiesHost: boolean;
  readonly verifiesClientHost: boolean;
  readonly detectionMs: number;
  readonly revocation: RevocationCheck;
}

/**
 * What decides whether a certificate is revoked: nothing, the lists that the certificate names, or the
 * responder that it names and then the lists.
 */
export type RevocationCheck = 'none' | 'lists' | 'responders';

/** A system property of Java's, which upstream's 3.9 takes for the default. */
const JAVA_REVOCATION = 'com.sun.net.ssl.checkRevocation';

/**
 * Undefined when members speak plain text alone. `path` is that of zoo.cfg. @throws ServerError
 * ZK_CONFIG_VALUE, ZK_CONFIG_MISSING
 */
export function quorumTls(
  settings: Settings,
  path: string,
  system: ReadonlyMap<string, string> = new Map(),
): QuorumTls | undefined {
  const { sslQuorum, portUnification } = settings;
  if (!sslQuorum && !portUnification) return undefined;
  const reason = sslQuorum ? 'sslQuorum=true' : 'portUnification=true';
  const verifiesHost = settings.quorumTlsHostnameVerification;
  return {
    dials: sslQuorum,
    acceptsPlain: portUnification,
    keyStore: storeFile('ssl.quorum.keyStore', path, reason, {
      location: settings.quorumKeyStoreLocation,
      type: settings.quorumKeyStoreType,
      password: settings.quorumKeyStorePassword,
      passwordPath: settings.quorumKeyStorePasswordPath,
    }),
    trustStore: storeFile('ssl.quorum.trustStore', path, reason, {
      location: settings.quorumTrustStoreLocation,
      type: settings.quorumTrustStoreType,
      password: settings.quorumTrustStorePassword,
      passwordPath: settings.quorumTrustStorePasswordPath,
    }),
    reloads: settings.sslQuorumReloadCertFiles,
    versions: versionsOf(settings),
    ciphers: ciphersOf(settings),
    clientAuth: settings.quorumTlsClientAuth,
    verifiesHost,
    verifiesClientHost: verifiesHost && settings.quorumTlsClientHostnameVerification,
    detectionMs: settings.quorumTlsDetectionMs,
    revocation: revocationCheck(settings, system),
  };
}

function revocationCheck(settings: Settings, system: ReadonlyMap<string, string>): RevocationCheck {
  if (settings.quorumTlsOcsp) return 'responders';
  const byLists = settings.quorumTlsCrl ?? system.get(JAVA_REVOCATION)?.toLowerCase() === 'true';
  return byLists ? 'lists' : 'none';
}

/**
 * With `zookeeper.sslQuorum=true`, Apache's server starts without TLS, and its operator believes that TLS is
 * on. @throws ServerError ZK_CONFIG_RESTRICTION
 */
export function refuseMisplacedTls(misplaced: ReadonlyMap<string, string>, { sslQuorum }: Settings): void {
  if (misplaced.get('sslQuorum')?.toLowerCase() !== 'true' || sslQuorum) return;
  throw new ServerError(
    'ZK_CONFIG_RESTRICTION',
    'zookeeper.sslQuorum=true has no effect, with Apache ZooKeeper either: members would speak without TLS. ' +
      'Write sslQuorum=true in zoo.cfg, or remove the setting',
    { key: 'zookeeper.sslQuorum' },
  );
}

interface StoreSettings {
  readonly location: string | undefined;
  readonly type: string | undefined;
  readonly password: string | undefined;
  readonly passwordPath: string | undefined;
}

function storeFile(key: string, path: string, reason: string, settings: StoreSettings): StoreFile {
  const { location = '', type = '', password = '', passwordPath = '' } = settings;
  if (location === '') throw missingKey(`${key}.location`, path, reason);
  const known = STORE_TYPES.find(name => name === type.toUpperCase());
  if (type !== '' && known === undefined) throw badValue(`${key}.type`, type, STORE_TYPES.join(', '));
  const byEnding = Object.entries(TYPE_OF_ENDING).find(([ending]) => location.endsWith(ending))?.[1];
  const found = known ?? byEnding;
  if (found === undefined)
    throw badValue(
      `${key}.location`,
      location,
      `a name that ends in ${Object.keys(TYPE_OF_ENDING).join(', ')}, or any name together with ${key}.type`,
    );
  return {
    key,
    path: location,
    type: found,
    password,
    passwordPath: passwordPath === '' ? undefined : passwordPath,
  };
}

const VERSIONS_ACCEPTED = 'TLSv1.2 and TLSv1.3; older versions in the list are left out';

function versionsOf({ quorumTlsProtocol, quorumTlsEnabledProtocols }: Settings) {
  const newest = quorumTlsProtocol ?? 'TLS';
  const upToNewest = newest === 'TLSv1.2' ? ['TLSv1.2'] : ['TLSv1.2', 'TLSv1.3'];
  if (!['TLS', 'TLSv1.2', 'TLSv1.3'].includes(newest))
    throw badValue('ssl.quorum.protocol', newest, 'TLS, TLSv1.2 or TLSv1.3');
  const names = quorumTlsEnabledProtocols === undefined ? upToNewest : namesIn(quorumTlsEnabledProtocols);
  const versions = tlsVersions(names);
  if (versions === undefined)
    throw badValue('ssl.quorum.enabledProtocols', `${quorumTlsEnabledProtocols}`, VERSIONS_ACCEPTED);
  return versions;
}

function ciphersOf({ quorumTlsCipherSuites: suites }: Settings): string | undefined {
  if (suites === undefined) return undefined;
  const list = cipherList(namesIn(suites));
  if (list === undefined || list === '')
    throw badValue(
      'ssl.quorum.ciphersuites',
      suites,
      'names of suites as Java writes them, with an ephemeral key exchange, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_AES_128_GCM_SHA256',
    );
  return list;
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
}
