import { type HashName, hashNamed } from '../auth/digest-id.ts';
import { parseInt32, parseInt64 } from '../properties/java-values.ts';
import {
  anyText,
  anyTextProperty,
  type ConfigKey,
  decimalProperty,
  flag,
  flagProperty,
  fractionProperty,
  INT_MAX,
  integer,
  integerProperty,
  list,
  longProperty,
  oneOf,
  optional,
  optionalInteger,
  optionalPort,
  optionalText,
  pathProperty,
  textProperty,
  wordProperty,
} from '../properties/key-kinds.ts';
import { JUTE_EXTRA_BYTES_MIN, JUTE_MAX_BUFFER_BYTES } from '../wire/jute-limits.ts';
import { providerRemark } from './metrics-provider.ts';
import { quorumSaslKeys } from './quorum-sasl-keys.ts';
import { quorumTlsKeys } from './quorum-tls-keys.ts';

const YES_NO = { on: 'yes', off: 'no' };
const TRUE_FALSE = { on: 'true', off: 'false' };
/** No file is larger than this many KiB. */
const KIB_MAX = 2 ** 40;

/**
 * The keys that the server uses, by the field of ServerConfig they become. All of them may stand in zoo.cfg.
 * Those that upstream reads as a system property may also come from the command line.
 *
 * @see docs/configuration.md "Keys"; zookeeperAdmin "Configuration Parameters"
 */
export const usedKeys = {
  tickTimeMs: integer('tickTime', 3000, { min: 1, unit: 'ms' }, 'the unit of every limit in ticks'),
  initLimitTicks: optionalInteger(
    'initLimit',
    { min: -INT_MAX, unit: 'ticks' },
    'limit on connecting to a leader and syncing with it',
  ),
  syncLimitTicks: optionalInteger(
    'syncLimit',
    { min: -INT_MAX, unit: 'ticks' },
    'limit on the silence between a leader and a learner in sync',
  ),
  connectToLearnerMasterLimitTicks: integer(
    'connectToLearnerMasterLimit',
    0,
    { min: 0, unit: 'ticks', below: 0 },
    'limit on connecting to a leader or observer master; 0: initLimit',
  ),
  dataDir: optionalText('dataDir', 'snapshots, epoch files and myid'),
  dataLogDir: optionalText('dataLogDir', 'transaction logs; dataDir when absent'),

  clientPort: optionalPort('clientPort', 'where clients connect; 0 lets the system choose'),
  clientPortAddress: anyText('clientPortAddress', 'the one address the client port listens on'),
  secureClientPort: optionalPort('secureClientPort', 'where clients connect with TLS'),
  secureClientPortAddress: anyText('secureClientPortAddress', 'the one address the TLS port listens on'),
  clientPortListenBacklog: integer(
    'clientPortListenBacklog',
    -1,
    { min: -1, below: -1 },
    'backlog of the client port; -1: the system chooses',
  ),
  maxClientCnxns: integer(
    'maxClientCnxns',
    60,
    { min: 0, below: 0 },
    'limit on connections from one address; 0: no limit',
  ),
  maxCnxns: integerProperty('maxCnxns', 0, { min: 0 }, 'limit on all connections; 0: no limit'),
  sessionlessTimeoutMs: integerProperty(
    'nio.sessionlessCnxnTimeout',
    10_000,
    { min: 1, unit: 'ms' },
    'time until a connection without a session is closed',
  ),
  containerCheckIntervalMs: integerProperty(
    'znode.container.checkIntervalMs',
    60_000,
    { min: 1, unit: 'ms' },
    'interval between checks for containers whose last child has gone, and for TTL nodes whose time is over',
  ),
  removalsPerMinuteMax: integerProperty(
    'znode.container.maxPerMinute',
    10_000,
    { min: 1 },
    'limit on containers and TTL nodes removed in a minute',
  ),
  containerNeverUsedMaxMs: longProperty(
    'znode.container.maxNeverUsedIntervalMs',
    0,
    { min: 0, unit: 'ms' },
    'time until a container that never had a child is removed; 0: never',
  ),
  minSessionTimeout: integer('minSessionTimeout', -1, { min: -1, unit: 'ms', below: 0 }, '-1: two ticks'),
  maxSessionTimeout: integer('maxSessionTimeout', -1, { min: -1, unit: 'ms' }, '-1: twenty ticks'),
  localSessionsEnabled: flag('localSessionsEnabled', false, 'sessions that only their server knows'),
  localSessionsUpgradingEnabled: flag(
    'localSessionsUpgradingEnabled',
    false,
    'an ephemeral node makes a local session global',
  ),
  juteMaxBufferBytes: integerProperty(
    'jute.maxbuffer',
    JUTE_MAX_BUFFER_BYTES,
    { min: 1, unit: 'bytes' },
    'the largest frame',
  ),
  juteExtraBytes: optional(
    integerProperty(
      'jute.maxbuffer.extrasize',
      JUTE_MAX_BUFFER_BYTES,
      { min: JUTE_EXTRA_BYTES_MIN, unit: 'bytes', raised: true },
      'how much larger than a frame a transaction may be; when absent, jute.maxbuffer',
    ),
  ),
  closeSessionTxnEnabled: flagProperty(
    'closeSessionTxn.enabled',
    true,
    'the transaction that ends a session names the ephemerals that it deletes',
  ),
  globalOutstandingLimit: integerProperty(
    'globalOutstandingLimit',
    1000,
    { min: 1, raised: true },
    'limit on all requests under way',
  ),

  standaloneEnabled: flag('standaloneEnabled', true, 'one participant alone runs without a quorum'),
  reconfigEnabled: flag('reconfigEnabled', false, 'the reconfig operation, and the dynamic file'),
  dynamicConfigFile: optionalText('dynamicConfigFile', 'the file that holds the server lines'),
  peerType: oneOf('peerType', 'participant', ['participant', 'observer'], 'the server line wins over it'),
  electionAlg: integer('electionAlg', 3, { min: 3, max: 3 }, 'fast leader election is the only one'),
  leaderServes: wordProperty('leaderServes', true, YES_NO, 'the leader accepts clients'),
  quorumListenOnAllIPs: flag('quorumListenOnAllIPs', false, 'quorum and election ports on every address'),
  multiAddressEnabled: flagProperty(
    'multiAddress.enabled',
    false,
    'server lines may have several addresses; every member needs the same',
  ),
  reachabilityCheckEnabled: flagProperty(
    'multiAddress.reachabilityCheckEnabled',
    true,
    'with several addresses: a member abandons election connections on which nobody answers',
  ),
  reachabilityCheckTimeoutMs: integerProperty(
    'multiAddress.reachabilityCheckTimeoutMs',
    1000,
    { min: 1, unit: 'ms' },
    'time without an answer until it does so',
  ),
  oraclePath: {
    ...anyText('oraclePath', 'the file that decides for one of two voters when it is alone'),
    remark: path => (path === '' ? 'no file has an empty name, so nothing is ever authorised' : undefined),
  },
  tcpKeepAlive: flagProperty('tcpKeepAlive', false, 'the system probes idle election connections'),
  clientTcpKeepAlive: flagProperty('clientTcpKeepAlive', false, 'the system probes idle clients'),
  cnxTimeoutMs: integerProperty(
    'cnxTimeout',
    5000,
    { min: 1, unit: 'ms' },
    'limit on connecting to an election port',
  ),
  quorumCnxnTimeoutMs: integerProperty(
    'quorumCnxnTimeoutMs',
    -1,
    { min: 1, unit: 'ms', below: -1 },
    'limit on introducing oneself on an election connection; -1: syncLimit',
  ),
  electionPortBindRetry: integerProperty(
    'electionPortBindRetry',
    3,
    { min: 0 },
    'attempts to bind a port for other servers, 1 s apart; 0: without end',
  ),
  minNotificationIntervalMs: integerProperty(
    'fastleader.minNotificationInterval',
    200,
    { min: 1, unit: 'ms' },
    'time until an unanswered vote is sent again; each further time is twice as long',
  ),
  maxNotificationIntervalMs: integerProperty(
    'fastleader.maxNotificationInterval',
    60_000,
    { min: 1, unit: 'ms' },
    'the longest such time',
  ),
  ...quorumTlsKeys,
  ...quorumSaslKeys,

  observerMasterPort: integer(
    'observerMasterPort',
    0,
    { min: 0, unit: 'port', below: 0 },
    'where followers serve observers, and observers look; 0: off, as is a number that is no port',
  ),
  observerMasterSizeLimitBytes: integerProperty(
    'observerMaster.sizeLimit',
    32 * 1024 * 1024,
    { min: 1, unit: 'bytes' },
    'number of committed packets kept for observers that attach',
  ),
  observerReconnectDelayMs: longProperty(
    'observer.reconnectDelayMs',
    0,
    { min: 0, unit: 'ms', below: 0 },
    'the longest random pause after each round of unreachable masters',
  ),
  observerElectionDelayMs: longProperty(
    'observer.election.DelayMs',
    200,
    { min: 0, unit: 'ms', below: 0 },
    'the longest random pause before a disconnected observer looks for a leader',
  ),
  syncEnabled: flag('syncEnabled', true, 'observers log to disk'),
  observerSyncEnabled: optional(
    flagProperty('observer.syncEnabled', true, 'the same; it wins over syncEnabled'),
  ),
  observerReadOnlyEnabled: flagProperty(
    'observer.readOnly.enabled',
    false,
    'an observer without a master goes on serving clients that accept read-only',
  ),
  observerReadOnlyMaxStaleMs: longProperty(
    'observer.readOnly.maxStaleMs',
    0,
    { min: 0, unit: 'ms', below: 0 },
    'how long it does so, counted from the last packet of its master; 0: no limit',
  ),
  observerProposalsEnabled: flagProperty(
    'observer.proposals.enabled',
    false,
    'observers hear proposals and commits instead of INFORM, where both sides have this key',
  ),
  streamSink: optionalText('observer.stream.sink', 'where an observer sends what is committed'),
  streamUrl: optionalText('observer.stream.url', 'the broker of that stream'),
  streamName: optionalText('observer.stream.name', 'name of the stream at the broker; zookeeper when absent'),
  streamPasswordPath: optionalText('observer.stream.passwordPath', 'the file of the password for the broker'),
  maxTimeToWaitForEpochMs: integerProperty(
    'leader.maxTimeToWaitForEpoch',
    -1,
    { min: -1, unit: 'ms', below: -1 },
    'limit on waiting for a quorum to report its accepted epochs; -1: initLimit',
  ),
  maxConcurrentSnapSyncs: integerProperty(
    'leader.maxConcurrentSnapSyncs',
    10,
    { min: 1 },
    'limit on SNAPs to observers at a time',
  ),
  maxConcurrentDiffSyncs: integerProperty(
    'leader.maxConcurrentDiffSyncs',
    100,
    { min: 1 },
    'limit on DIFFs to observers at a time',
  ),
  readOnlyModeEnabled: flagProperty('readonlymode.enabled', false, 'reads go on without a quorum'),

  snapCount: integerProperty(
    'snapCount',
    100_000,
    { min: 2, raised: true },
    'transactions between two snapshots, approximately',
  ),
  snapSizeLimitKiB: longProperty(
    'snapSizeLimitInKb',
    4_194_304,
    { min: 0, max: KIB_MAX, unit: 'KiB', below: 0 },
    'size of the log between two snapshots; 0: no limit',
  ),
  preAllocSizeKiB: decimalProperty(
    'preAllocSize',
    65_536,
    { min: 0, max: KIB_MAX, unit: 'KiB', below: 0 },
    parseInt64,
    'size by which log files are preallocated; 0: not at all',
  ),
  txnLogSizeLimitKiB: longProperty(
    'txnLogSizeLimitInKb',
    -1,
    { min: -1, max: KIB_MAX, unit: 'KiB', below: -1 },
    'limit on the size of one log file; -1: none',
  ),
  forceSync: wordProperty(
    'forceSync',
    true,
    YES_NO,
    'transactions are on the medium before they are acknowledged',
  ),
  fsyncWarningThresholdMs: longProperty(
    'fsync.warningthresholdms',
    1000,
    { min: 0, unit: 'ms', below: 0 },
    'a sync that takes longer is reported as slow',
  ),
  maxBatchSize: integerProperty(
    'maxBatchSize',
    1000,
    { min: 0, below: 0 },
    'limit on the transactions of one sync',
  ),
  commitLogCount: decimalProperty(
    'commitLogCount',
    500,
    { min: 1, raised: true },
    parseInt32,
    'committed proposals kept in memory for DIFF',
  ),
  snapshotSizeFactor: fractionProperty(
    'snapshotSizeFactor',
    0.33,
    1,
    'limit on a DIFF from the log, as a part of the size of a snapshot; 0: no limit; < 0: no DIFF from the log',
  ),
  forceSnapshotSync: flagProperty('forceSnapshotSync', false, 'learners are always sent a whole snapshot'),
  snapRetainCount: integer(
    'autopurge.snapRetainCount',
    3,
    { min: 0, below: 0 },
    'snapshots kept by the purge, at least 3',
  ),
  purgeIntervalHours: integer(
    'autopurge.purgeInterval',
    0,
    { min: 0, unit: 'h', below: 0 },
    'interval between purges; 0: never',
  ),
  trustEmptySnapshot: flagProperty('snapshot.trust.empty', false, 'logs without a snapshot are accepted'),
  databaseAutoCreate: flagProperty('db.autocreate', true, 'a member without data votes'),
  directoryAutoCreate: flagProperty('datadir.autocreate', true, 'version-2 is made where it is missing'),
  digestEnabled: flagProperty('digest.enabled', true, 'a digest of the tree in transactions and snapshots'),

  skipAcl: wordProperty('skipACL', false, YES_NO, 'no ACL is checked'),
  digestAuthEnabled: flagProperty('DigestAuthenticationProvider.enabled', true, 'the digest scheme'),
  digestAlgorithm: digestAlgorithm(
    'DigestAuthenticationProvider.digestAlg',
    'hash of passwords in digests; every client and every member needs the same',
  ),
  superDigest: anyTextProperty('DigestAuthenticationProvider.superDigest', 'user:digest of the super user'),
  extendedTypesEnabled: flagProperty('extendedTypesEnabled', false, 'TTL nodes'),
  emulate353TtlNodes: flagProperty('emulate353TTLNodes', false, 'with the layout of 3.5.3 too'),
  enforceQuota: flagProperty('enforceQuota', false, 'hard quotas refuse writes'),

  fourLetterWords: list(
    '4lw.commands.whitelist',
    ['srvr'],
    'four-letter words that the server answers; *: all',
  ),
  adminEnabled: wordProperty('admin.enableServer', true, TRUE_FALSE, 'the AdminServer'),
  adminPort: integerProperty(
    'admin.serverPort',
    8080,
    { min: -INT_MAX, unit: 'port' },
    'port of the AdminServer, which is off when the number is no port',
  ),
  adminAddress: textProperty('admin.serverAddress', '0.0.0.0', 'address of the AdminServer'),
  adminCommandUrl: pathProperty('admin.commandURL', '/commands', 'the path its commands stand under'),
  metricsProviderClass: {
    ...optionalText('metricsProvider.className', 'PrometheusMetricsProvider opens its port'),
    remark: providerRemark,
  },
  metricsHost: {
    ...textProperty('metricsProvider.httpHost', '0.0.0.0', 'address of the metrics port'),
    onlyInFile: true,
  },
  metricsPort: {
    ...integerProperty(
      'metricsProvider.httpPort',
      7000,
      { min: 0, max: 65535, unit: 'port' },
      'number of the metrics port',
    ),
    onlyInFile: true,
  },
} satisfies Record<string, ConfigKey<unknown>>;

/** Upstream does not start with an algorithm that Java does not have. */
function digestAlgorithm(key: string, meaning: string): ConfigKey<HashName> {
  const accepts = 'MD5, SHA1, SHA-224, SHA-256, SHA-384, SHA-512, SHA3-224, SHA3-256, SHA3-384 or SHA3-512';
  return {
    key,
    accepts,
    default: 'sha1',
    read: hashNamed,
    instead: () => undefined,
    unit: '',
    meaning,
    onlyInFile: false,
  };
}

export type Settings = { -readonly [F in keyof typeof usedKeys]: (typeof usedKeys)[F]['default'] };
