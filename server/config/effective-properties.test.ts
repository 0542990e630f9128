import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { systemProperties } from './java-flags.ts';
import { parseConfig, type ServerConfig } from './server-config.ts';

const test = suite('config: zoo.cfg and system properties');

const alone = 'dataDir=/d\nclientPort=2181\n';

function parse(lines: string, flags: readonly string[] = []): ServerConfig {
  return parseConfig({
    path: '/zoo.cfg',
    text: alone + lines,
    systemProperties: systemProperties({}, flags),
  });
}

const noEffect = (key: string) =>
  `zookeeper.${key} has no effect in zoo.cfg, as with Apache ZooKeeper; write ${key}`;

/** A line that Apache starts with and does not read, and the value that stays. */
const prefixed: [line: string, field: keyof ServerConfig, stays: unknown][] = [
  ['zookeeper.skipACL=yes', 'skipAcl', false],
  ['zookeeper.forceSync=no', 'forceSync', true],
  ['zookeeper.snapCount=7', 'snapCount', 100_000],
  ['zookeeper.tickTime=5000', 'tickTimeMs', 3000],
  ['zookeeper.snapshot.trust.empty=true', 'trustEmptySnapshot', false],
  ['zookeeper.DigestAuthenticationProvider.superDigest=super:x', 'superDigest', undefined],
  ['zookeeper.4lw.commands.whitelist=*', 'fourLetterWords', ['srvr']],
];

for (const [line, field, stays] of prefixed) {
  test(`field report C1: ${line} in zoo.cfg sets nothing, as upstream, and the warning says what would`, () => {
    const config = parse(line);
    assert.equal(config[field], stays);
    const key = line.slice('zookeeper.'.length, line.indexOf('='));
    assert.equal(config.warnings, [noEffect(key)]);
  });
}

test('field report C1: the key without the prefix counts, wherever it stands', () => {
  for (const lines of ['zookeeper.snapCount=7\nsnapCount=8', 'snapCount=8\nzookeeper.snapCount=7']) {
    const both = parse(lines);
    assert.is(both.snapCount, 8);
    assert.equal(both.warnings, [noEffect('snapCount')]);
  }
});

test('field report C1: server lines with the prefix name no members', () => {
  const lines = [1, 2, 3].map(sid => `zookeeper.server.${sid}=127.0.0.${sid}:2888:3888\n`).join('');
  assert.is(parse(lines).quorum, undefined);
});

test('an unknown key with the prefix is called unknown', () => {
  assert.match(parse('zookeeper.snapCnt=7').warnings.join('\n'), /^unknown key zookeeper\.snapCnt/);
});

test('field report C5: a restriction that would have no effect where it stands refuses the start too', () => {
  for (const [line, ...flags] of [
    ['zookeeper.sslQuorum=true'],
    ['', '-Dzookeeper.sslQuorum=true'],
    ['', '-Dzookeeper.authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider'],
    ['', '-Dzookeeper.sessionRequireClientSASLAuth=true'],
  ]) {
    assert.throws(
      () => parse(line ?? '', flags),
      (error: ServerError) => error.code === 'ZK_CONFIG_RESTRICTION',
    );
  }
});

/** Flags of a JVM, a field, its value, and each warning. */
const flags: [flags: string[], field: keyof ServerConfig, value: unknown, warnings: RegExp[]][] = [
  [['-Dzookeeper.snapCount=7'], 'snapCount', 7, [/^system properties are set: zookeeper\.snapCount$/]],
  [['-Dzookeeper.4lw.commands.whitelist=*'], 'fourLetterWords', ['*'], [/^system properties are set/]],
  [['-Dzookeeper.admin.enableServer=false'], 'adminEnabled', false, [/^system properties are set/]],
  [['-Djute.maxbuffer=4194304'], 'juteMaxBufferBytes', 4_194_304, [/: jute\.maxbuffer$/]],
  [['-Dzookeeper.DigestAuthenticationProvider.superDigest=a:b='], 'superDigest', 'a:b=', [/superDigest$/]],
  [['-Dzookeeper.snapCount=7', '-Dzookeeper.snapCount=8'], 'snapCount', 8, [/zookeeper\.snapCount$/]],
  [['-Dzookeeper.quorumCnxnTimeoutMs=7'], 'quorumCnxnTimeoutMs', 7, [/^system properties are set/]],
  [['-Dzookeeper.snapCount=many'], 'snapCount', 100_000, [/are set/, /snapCount=many is not accepted/]],
  // Nobody reads these.
  [
    ['-Dzookeeper.tickTime=5000'],
    'tickTimeMs',
    3000,
    [/^-Dzookeeper\.tickTime has no effect.*set tickTime in/],
  ],
  [['-Dzookeeper.jute.maxbuffer=9'], 'juteMaxBufferBytes', 1_048_575, [/jute\.maxbuffer has no effect/]],
  [['-DsnapCount=7'], 'snapCount', 100_000, []],
  [['-Dzookeeper.log.dir=/var/log', '-Djava.awt.headless=true', '-Dx'], 'snapCount', 100_000, []],
];

for (const [given, field, value, warnings] of flags) {
  test(`field report C1: ${given.join(' ')} means what it means to Apache`, () => {
    const config = parse('', given);
    assert.equal(config[field], value);
    assert.is(config.warnings.length, warnings.length, config.warnings.join('\n'));
    for (const [at, said] of warnings.entries()) assert.match(config.warnings[at] ?? '', said);
    assert.not.match(config.warnings.join('\n'), /a:b=/, 'values may be secrets');
  });
}

test('field report C1: zoo.cfg wins over the flags', () => {
  assert.is(parse('snapCount=8', ['-Dzookeeper.snapCount=7']).snapCount, 8);
});

test('field report C1: the flags of zkServer.sh are read in its order, before those of the command line', () => {
  const env = {
    SERVER_JVMFLAGS: '-Xmx1g  -Dzookeeper.snapCount=1 -Dzookeeper.maxCnxns=1',
    JVMFLAGS: '-Dzookeeper.snapCount=2 -Dzookeeper.preAllocSize=2\t-server',
  };
  const read = systemProperties(env, ['-Dzookeeper.preAllocSize=3', 'zoo.cfg', '-D', '-D=x']);
  assert.equal(
    [...read],
    [
      ['zookeeper.snapCount', '2'],
      ['zookeeper.maxCnxns', '1'],
      ['zookeeper.preAllocSize', '3'],
    ],
  );
});

test('a key with an effect is not called one without, though the rest of its family has none', () => {
  const { sessionlessTimeoutMs, containerCheckIntervalMs, warnings } = parse(
    'nio.sessionlessCnxnTimeout=5\nznode.container.checkIntervalMs=7',
  );
  assert.equal([sessionlessTimeoutMs, containerCheckIntervalMs, warnings], [5, 7, []]);
});
