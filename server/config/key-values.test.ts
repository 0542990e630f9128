import { assert, suite } from '#test';
import { type Settings, usedKeys } from './config-keys.ts';
import { parseConfig, type ServerConfig } from './server-config.ts';

const test = suite('config: values as people write them');

const alone = 'dataDir=/d\nclientPort=2181\n';

function parse(text: string): ServerConfig {
  return parseConfig({ path: '/zoo.cfg', text: alone + text });
}

type Field = keyof Settings & keyof ServerConfig;
/** Java's reading of an int: decode, and the default when that fails. */
const INT: [text: string, value: number | 'default'][] = [
  ['1234', 1234],
  ['+1234', 1234],
  ['0x4d2', 1234],
  ['0X4D2', 1234],
  ['#4d2', 1234],
  ['02322', 1234],
  ['0x7fffffff', 2 ** 31 - 1],
  ['2147483647', 2 ** 31 - 1],
  ['2147483648', 'default'],
  ['0x80000000', 'default'],
  ['99999999999999999999', 'default'],
  ['', 'default'],
  ['64M', 'default'],
  ['20ms', 'default'],
  ['20 ms', 'default'],
  ['1,000', 'default'],
  ['1.000', 'default'],
  ['1_000', 'default'],
  ['1e3', 'default'],
  ['0x', 'default'],
  ['089', 'default'],
  ['0x-4d2', 'default'],
  ['--5', 'default'],
  ['four', 'default'],
  ['$' + '{LIMIT}', 'default'],
  ['"1234"', 'default'],
];

/** Keys that upstream reads by Integer.getInteger, with values below what they can mean. */
const integers: [field: Field, belowMin: [text: string, value: number | 'default'][]][] = [
  ['maxCnxns', [['-1', 'default']]],
  [
    'sessionlessTimeoutMs',
    [
      ['0', 'default'],
      ['-5', 'default'],
    ],
  ],
  [
    'containerCheckIntervalMs',
    [
      ['0', 'default'],
      ['-1', 'default'],
    ],
  ],
  [
    'removalsPerMinuteMax',
    [
      ['0', 'default'],
      ['-1', 'default'],
    ],
  ],
  [
    'juteMaxBufferBytes',
    [
      ['0', 'default'],
      ['-1', 'default'],
    ],
  ],
  [
    'globalOutstandingLimit',
    [
      ['0', 1],
      ['-7', 1],
    ],
  ],
  [
    'cnxTimeoutMs',
    [
      ['0', 'default'],
      ['-1', 'default'],
    ],
  ],
  ['electionPortBindRetry', [['-1', 'default']]],
  ['quorumCnxnTimeoutMs', []],
  ['minNotificationIntervalMs', [['0', 'default']]],
  ['maxNotificationIntervalMs', [['-1', 'default']]],
  ['observerMasterSizeLimitBytes', [['0', 'default']]],
  [
    'maxConcurrentSnapSyncs',
    [
      ['0', 'default'],
      ['-1', 'default'],
    ],
  ],
  ['maxConcurrentDiffSyncs', [['0', 'default']]],
  [
    'snapCount',
    [
      ['1', 2],
      ['0', 2],
      ['-1', 2],
    ],
  ],
];

for (const [field, belowMin] of integers) {
  const { key, default: initial } = usedKeys[field];
  test(`field report C1: ${key} is read as Integer.getInteger reads it, and a warning names the default that is used instead`, () => {
    for (const [text, wanted] of [...INT, ...belowMin]) {
      const { [field]: value, warnings } = parse(`${key}=${text}`);
      assert.is(value, wanted === 'default' ? initial : wanted, `${key}=${text}`);
      const said = warnings.find(warning => warning.startsWith(`${key}=${text}`)) ?? '';
      if (wanted === 'default') assert.match(said, `the default, ${initial}, is used`);
      else if (belowMin.some(([low]) => low === text)) assert.match(said, `${wanted} is used`);
    }
  });
}

test('field report C1: a leading zero makes a number octal, and a warning says so', () => {
  const { snapCount, warnings } = parse('snapCount=0100000');
  assert.is(snapCount, 32_768);
  assert.equal(warnings, ['snapCount=0100000: a leading 0 makes the number octal, as in Java: 32768']);
  assert.equal(parse('snapCount=00\nmaxCnxns=0').warnings.length, 1, 'zero is zero in every base');
});

/**
 * All other keys: the lines, the field, its value, and what the only warning says (undefined: there is none).
 */
const table: [lines: string, field: keyof ServerConfig, value: unknown, said?: RegExp][] = [
  ['jute.maxbuffer.extrasize=0x1000', 'juteExtraBytes', 4096],
  ['jute.maxbuffer.extrasize=1023', 'juteExtraBytes', 1024, /1024 is used/],
  ['jute.maxbuffer.extrasize=-1', 'juteExtraBytes', 1024, /1024 is used/],
  ['jute.maxbuffer=10485760', 'juteExtraBytes', undefined],
  // Integer.parseInt reads decimal, even with leading zeros.
  ['tickTime=02000', 'tickTimeMs', 2000],
  ['tickTime=+2000', 'tickTimeMs', 2000],
  ['tickTime= 2000 \t', 'tickTimeMs', 2000],
  ['tickTime=00000000000000000002000', 'tickTimeMs', 2000],
  // Values that switch a feature off.
  ['quorumCnxnTimeoutMs=0', 'quorumCnxnTimeoutMs', -1],
  ['oraclePath=', 'oraclePath', '', /^oraclePath=: no file has an empty name/],
  ['oraclePath= \t', 'oraclePath', '', /^oraclePath=: no file has an empty name/],
  ['maxClientCnxns=-1', 'maxClientCnxns', 0],
  ['autopurge.purgeInterval=-1', 'purgeIntervalHours', 0],
  ['observerMasterPort=-1', 'observerMasterPort', 0],
  ['observerMasterPort=99999', 'observerMasterPort', 0, /observerMasterPort=99999 is not a port/],
  ['clientPortListenBacklog=-9', 'clientPortListenBacklog', -1],
  ['minSessionTimeout=-2', 'minSessionTimeoutMs', 0],
  ['connectToLearnerMasterLimit=-1', 'connectToLearnerMasterLimitMs', 0],
  ['initLimit=0\nsyncLimit=-1', 'syncLimitMs', 0],
  ['snapSizeLimitInKb=-1', 'snapSizeLimitKiB', 0],
  ['txnLogSizeLimitInKb=-8', 'txnLogSizeLimitKiB', -1],
  ['txnLogSizeLimitInKb=0', 'txnLogSizeLimitKiB', 0],
  ['preAllocSize=-1', 'preAllocSizeKiB', 0],
  ['observer.reconnectDelayMs=-1', 'observerReconnectDelayMs', 0],
  ['observer.election.DelayMs=-1', 'observerElectionDelayMs', 0],
  ['fsync.warningthresholdms=-1', 'fsyncWarningThresholdMs', 0],
  // Long.
  ['fsync.warningthresholdms=9223372036854775807', 'fsyncWarningThresholdMs', 2 ** 31 - 1],
  ['fsync.warningthresholdms=9223372036854775808', 'fsyncWarningThresholdMs', 1000, /the default, 1000,/],
  ['fsync.warningthresholdms=0x10', 'fsyncWarningThresholdMs', 16],
  ['snapSizeLimitInKb=4GB', 'snapSizeLimitKiB', 4_194_304, /the default, 4194304,/],
  ['snapSizeLimitInKb=0x7fffffffffffffff', 'snapSizeLimitKiB', 2 ** 40],
  ['preAllocSize=0100', 'preAllocSizeKiB', 100],
  ['preAllocSize=0x100', 'preAllocSizeKiB', 65_536, /the default, 65536,/],
  ['preAllocSize=64M', 'preAllocSizeKiB', 65_536, /the default, 65536,/],
  ['commitLogCount=many', 'commitLogCount', 500, /the default, 500,/],
  ['commitLogCount=0', 'commitLogCount', 1, /1 is used/],
  // Fractions.
  ['snapshotSizeFactor=1e-1', 'snapshotSizeFactor', 0.1],
  ['snapshotSizeFactor=.5f', 'snapshotSizeFactor', 0.5],
  ['snapshotSizeFactor=0x1p-2', 'snapshotSizeFactor', 0.25],
  ['snapshotSizeFactor=-1', 'snapshotSizeFactor', -1],
  ['snapshotSizeFactor=1.5', 'snapshotSizeFactor', 0.33, /the default, 0.33,/],
  ['snapshotSizeFactor=NaN', 'snapshotSizeFactor', 0.33, /the default, 0.33,/],
  ['snapshotSizeFactor=0,33', 'snapshotSizeFactor', 0.33, /the default, 0.33,/],
  ['snapshotSizeFactor=33%', 'snapshotSizeFactor', 0.33, /the default, 0.33,/],
  // Booleans: everything but "true" is false, in all letters.
  ['digest.enabled=FALSE', 'digestEnabled', false],
  ['digest.enabled=True', 'digestEnabled', true],
  ['digest.enabled= true ', 'digestEnabled', true],
  ['digest.enabled=yes', 'digestEnabled', false, /^digest.enabled=yes is not accepted.*; false is used/],
  ['digest.enabled=1', 'digestEnabled', false, /false is used/],
  ['digest.enabled=', 'digestEnabled', false, /false is used/],
  ['forceSnapshotSync=on', 'forceSnapshotSync', false, /false, is used/],
  ['snapshot.trust.empty=1', 'trustEmptySnapshot', false, /false, is used/],
  ['observer.syncEnabled=no', 'observerSyncEnabled', false, /false is used/],
  // Words: only one of them, spelled exactly so, has an effect.
  ['forceSync=no', 'forceSync', false],
  [
    'forceSync=No',
    'forceSync',
    true,
    /forceSync=No is not accepted; accepted is yes or no; the default, true, is used/,
  ],
  ['forceSync=false', 'forceSync', true, /the default, true, is used/],
  ['leaderServes=false', 'leaderServes', true, /the default, true, is used/],
  ['leaderServes=no', 'leaderServes', false],
  ['skipACL=yes', 'skipAcl', true],
  ['skipACL=true', 'skipAcl', false, /the default, false, is used/],
  ['skipACL=Yes', 'skipAcl', false, /the default, false, is used/],
  ['admin.enableServer=false', 'adminEnabled', false],
  ['admin.enableServer=no', 'adminEnabled', true, /the default, true, is used/],
  // The AdminServer.
  ['admin.serverPort=-1', 'adminEnabled', false, /admin.serverPort=-1 is not a port/],
  ['admin.serverPort=70000', 'adminEnabled', false, /admin.serverPort=70000 is not a port/],
  ['admin.serverPort=0x1f91', 'adminPort', 8081],
  ['admin.serverPort=http', 'adminPort', 8080, /the default, 8080, is used/],
  ['admin.serverAddress=', 'adminAddress', '0.0.0.0', /the default, 0.0.0.0, is used/],
  ['admin.commandURL=', 'adminCommandUrl', ''],
  ['admin.commandURL=zk/', 'adminCommandUrl', '/zk'],
  // Values that bound each other: the shortest wait, and the longest.
  [
    'fastleader.minNotificationInterval=500\nfastleader.maxNotificationInterval=100',
    'minNotificationIntervalMs',
    500,
  ],
  ['autopurge.snapRetainCount=-4', 'snapRetainCount', 3, /the minimum, 3, is used/],
  ['DigestAuthenticationProvider.superDigest=', 'superDigest', ''],
];

for (const [lines, field, value, said] of table) {
  test(`field report C1: ${lines.replaceAll('\n', ', ')}`, () => {
    const config = parse(lines);
    assert.equal(config[field], value);
    assert.is(config.warnings.length, said === undefined ? 0 : 1, config.warnings.join('\n'));
    if (said !== undefined) assert.match(config.warnings[0] ?? '', said);
  });
}
