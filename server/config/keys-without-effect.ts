import { usedKeys } from './config-keys.ts';

/**
 * Keys of Apache ZooKeeper 3.8 and 3.9 that have no effect in this server yet. The start names each of them
 * in a warning. A key whose value asks for a restriction refuses the start: whoever relies on the restriction
 * must not get a server that allows more than its configuration says. A value that switches its feature off,
 * and a setting that only tunes, names files, or lets more people in, stays a warning.
 */
export interface KeyWithoutEffect {
  /** What the key is for, as an entry of a list. */
  readonly meaning: string;
  /** Whether the server would be less restricted with this value than it asks for. */
  readonly restricts?: (value: string, properties: ReadonlyMap<string, string>) => boolean;
}

const tunes = (meaning: string): KeyWithoutEffect => ({ meaning });

const restricts = (meaning: string, when: NonNullable<KeyWithoutEffect['restricts']>): KeyWithoutEffect => ({
  meaning,
  restricts: when,
});

/** As Java reads a boolean: only "true" switches a feature on, in Apache ZooKeeper too. */
const isTrue = (value: string): boolean => value.toLowerCase() === 'true';
const isGiven = (value: string): boolean => value !== '';
/** A restriction of the AdminServer matters only if there is an AdminServer. */
const isTrueOfAdmin: KeyWithoutEffect['restricts'] = (value, properties) =>
  isTrue(value) && properties.get('admin.enableServer') !== 'false';

const hasQuorumTls = (properties: ReadonlyMap<string, string>): boolean =>
  isTrue(properties.get('sslQuorum') ?? '') || isTrue(properties.get('portUnification') ?? '');
const isGivenOfQuorumTls: KeyWithoutEffect['restricts'] = (value, properties) =>
  isGiven(value) && hasQuorumTls(properties);

/** This server has both of these providers in any case. */
const BUILT_IN_PROVIDER = /^org\.apache\.zookeeper\.server\.auth\.(Digest|IP)AuthenticationProvider$/;

/** Keys of `config-keys.ts` whose values are checked and then not used. */
export const checkedOnlyKeys: Readonly<Record<string, KeyWithoutEffect>> = {
  secureClientPort: restricts('clients connect with TLS', value => Number(value) !== 0),
  secureClientPortAddress: tunes('the address of secureClientPort'),
  'observerMaster.sizeLimit': tunes('committed packets kept for observers'),
  maxBatchSize: tunes('transactions to one sync'),
  enforceQuota: restricts('quotas refuse writes', isTrue),
};

/** Keys that the server does not read. A key that ends in "*" stands for all keys with that beginning. */
export const notYetUsedKeys: Readonly<Record<string, KeyWithoutEffect>> = {
  'ssl.*': tunes('key stores, trust stores and protocols'),
  'ssl.quorum.context.supplier.class': restricts(
    "a class of Java's makes the TLS of members",
    isGivenOfQuorumTls,
  ),
  'client.portUnification': tunes('TLS beside plain text on the client port'),
  'client.certReload': tunes('new certificates without a restart'),
  'fips-mode': tunes('how TLS checks host names'),
  'authProvider.*': restricts(
    'clients prove who they are by another scheme',
    value => isGiven(value) && !BUILT_IN_PROVIDER.test(value),
  ),
  'quorum.auth.*': tunes('the Kerberos name of members'),
  'quorum.cnxn.threads.size': tunes('threads of SASL between members; there are none here'),
  'kerberos.*': tunes('Kerberos names'),
  requireKerberosConfig: tunes('a Kerberos configuration must be there'),
  'security.auth_to_local': tunes('Kerberos names'),
  'sasl.*': tunes('names of SASL'),
  requireClientAuthScheme: tunes('nothing, in Apache ZooKeeper either'),
  jaasLoginRenew: tunes('nothing, in Apache ZooKeeper either'),
  'jvm.pause.*': tunes('the monitor of pauses of a JVM'),
  'metricsProvider.*': tunes('settings of a metrics provider'),
  'admin.idleTimeout': tunes('until an idle connection of the AdminServer is closed'),
  'admin.httpVersion': tunes('HTTP of the AdminServer'),
  'admin.portUnification': tunes('TLS beside plain text on the port of the AdminServer'),
  'admin.forceHttps': restricts('the AdminServer answers over TLS alone', isTrueOfAdmin),
  'admin.needClientAuth': restricts(
    'the AdminServer answers clients with a certificate alone',
    isTrueOfAdmin,
  ),
  'admin.snapshot.enabled': tunes('the snapshot command (3.9)'),
  'admin.restore.enabled': tunes('the restore command (3.9)'),
  'admin.rateLimiterIntervalInMS': tunes('between two of those commands (3.9)'),
  'X509AuthenticationProvider.superUser': tunes('the super user of x509'),
  'IPAuthenticationProvider.usexforwardedfor': tunes('the client address behind a proxy'),
  'SASLAuthenticationProvider.superPassword': tunes('the super user of SASL'),
  'superUser*': tunes('the super user of SASL'),
  sessionRequireClientSASLAuth: restricts('clients must authenticate with SASL', isTrue),
  allowSaslFailedClients: tunes('clients may go on after SASL failed'),
  letAnySaslUserDoX: tunes('authorisation of every SASL user'),
  'enforce.auth.enabled': restricts('clients must authenticate', isTrue),
  'enforce.auth.schemes': tunes('the schemes that enforce.auth.enabled accepts'),
  ensembleAuthName: restricts('clients that ask for another ensemble are turned away', isGiven),
  enableEagerACLCheck: tunes('ACL checks at the learner, before those at the leader'),
  'audit.enable': restricts('an audit log is kept', isTrue),
  'audit.*': tunes('settings of the audit log'),
  'connection_throttle_*': tunes('the token bucket of connections'),
  'request_throttle_*': tunes('the request throttler'),
  'request_throttler.*': tunes('the request throttler'),
  'request_stale_*': tunes('requests dropped when they are stale'),
  throttled_op_wait_time: tunes('requests refused after waiting in the throttler'),
  'largeRequest*': tunes('limits on large requests'),
  flushDelay: tunes('how long a batch may wait for more'),
  maxWriteQueuePollTime: tunes('how long an empty batch waits'),
  'snapshot.compression.method': tunes('gz or snappy snapshots'),
  'serializeLastProcessedZxid.enabled': tunes('the last zxid at the end of a snapshot (3.9)'),
  'leader.ackLoggingFrequency': tunes('how many acks between two log lines'),
  'leader.closeSocketAsync': tunes('threads of upstream'),
  'learner.asyncSending': tunes('threads of upstream'),
  'learner.closeSocketAsync': tunes('threads of upstream'),
  leaderConnectDelayDuringRetryMs: tunes('between attempts to reach the leader'),
  'follower.skipLearnerRequestToNextProcessor': tunes('requests of observers past the queue of their master'),
  forward_learner_requests_to_commit_processor_disabled: tunes(
    'requests of learners past the commit processor',
  ),
  watchManagerName: tunes('another watch manager'),
  'watcherClean*': tunes('the optimised watch manager'),
  maxInProcessingDeadWatchers: tunes('the optimised watch manager'),
  bitHashCacheSize: tunes('the optimised watch manager'),
  maxResponseCacheSize: tunes('cached getData replies'),
  maxGetChildrenResponseCacheSize: tunes('cached getChildren replies'),
  'pathStats.*': tunes('statistics of paths'),
  'messageTracker.*': tunes('the last messages of each learner, in the log'),
  'nio.*': tunes('threads and buffers of upstream'),
  'netty.*': tunes('threads and buffers of upstream'),
  'commitProcessor.*': tunes('threads and batches of upstream'),
  intBufferStartingSizeBytes: tunes('buffers of upstream'),
  serverCnxnFactory: tunes('NIO or Netty'),
  'jmx.*': tunes('beans of a JVM'),
};

/**
 * What is known of a key without effect; undefined if it has an effect or is unknown. An exact name wins.
 */
export function keyWithoutEffect(key: string): KeyWithoutEffect | undefined {
  const checkedOnly = own(checkedOnlyKeys, key);
  // One key of a family may have an effect.
  if (checkedOnly !== undefined || isUsed(key)) return checkedOnly;
  return notYetUsedKey(key);
}

function isUsed(key: string): boolean {
  return Object.values(usedKeys).some(used => used.key === key);
}

export function notYetUsedKey(key: string): KeyWithoutEffect | undefined {
  const exact = own(notYetUsedKeys, key);
  if (exact !== undefined) return exact;
  const family = Object.keys(notYetUsedKeys).find(
    name => name.endsWith('*') && key.startsWith(name.slice(0, -1)),
  );
  return family === undefined ? undefined : notYetUsedKeys[family];
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
