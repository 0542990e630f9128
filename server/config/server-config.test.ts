import { assert, suite } from '#test';
import { usedKeys } from './config-keys.ts';
import { nearestKey, useOf } from './key-names.ts';
import { notYetUsedKeys } from './keys-without-effect.ts';
import { alone, parse, refused, three } from './server-config.test-kit.ts';

const test = suite('config: zoo.cfg');

test('defaults of a standalone server', () => {
  const config = parse(alone);
  assert.is(config.quorum, undefined);
  assert.equal(config.clientAddress, { host: '0.0.0.0', port: 2181 });
  assert.is(config.secureClientAddress, undefined);
  assert.is(config.dataLogDir, '/d');
  assert.is(config.tickTimeMs, 3000);
  assert.is(config.minSessionTimeoutMs, 6000);
  assert.is(config.maxSessionTimeoutMs, 60_000);
  assert.is(config.maxClientCnxns, 60);
  assert.is(config.snapCount, 100_000);
  assert.is(config.preAllocSizeKiB, 65_536);
  assert.is(config.adminPort, 8080);
  assert.equal(config.fourLetterWords, ['srvr']);
  assert.is(config.jute.frameBytesMax, 1_048_575);
  assert.is(config.forceSync, true);
  assert.is(config.leaderServes, true);
  assert.is(config.skipAcl, false);
  assert.equal(config.warnings, []);
});

test('a member of an ensemble: limits in ms, its own line, its role', () => {
  const config = parse(`${three}tickTime=2000\nclientPort=2181\n`, { myid: '2\n' });
  assert.is(config.quorum?.sid, 2);
  assert.is(config.quorum?.role, 'participant');
  assert.equal([...(config.quorum?.config.servers.keys() ?? [])], [1, 2, 3, 4]);
  assert.is(config.quorum?.config.version, 0);
  assert.is(config.initLimitMs, 20_000);
  assert.is(config.syncLimitMs, 10_000);
  assert.is(config.connectToLearnerMasterLimitMs, 20_000, '0 ticks stand for initLimit');
  assert.equal(config.clientAddress, { host: '0.0.0.0', port: 2181 });
  assert.is(config.quorum?.config.servers.get(2)?.client, undefined, 'the static port is not told to others');
  assert.is(
    parse(`${three}connectToLearnerMasterLimit=2`, { myid: '2' }).connectToLearnerMasterLimitMs,
    6_000,
  );
});

test('004-10: peerType=observer and :observer agree; where they differ the line wins, with a warning', () => {
  const agreed = parse(`${three}peerType=observer`, { myid: '3' });
  assert.is(agreed.quorum?.role, 'observer');
  assert.not.match(agreed.warnings.join('\n'), /peerType/);
  const forgotten = parse(three, { myid: '3' });
  assert.is(forgotten.quorum?.role, 'observer');
  assert.match(
    forgotten.warnings.join('\n'),
    /peerType=participant, but the line server\.3 says observer; the line is used/,
  );
  const wrong = parse(`${three}peerType=OBSERVER`, { myid: '1' });
  assert.is(wrong.quorum?.role, 'participant');
  assert.match(wrong.warnings.join('\n'), /peerType=observer, but the line server\.1 says participant/);
});

test('004-13: one port for clients and for the quorum, as in the guide’s example, is accepted: an observer listens there for clients alone', () => {
  const voters = `server.1=zk1:2181:3181\nserver.2=zk2:2181:3181\nserver.3=localhost:2181:3181:observer\n`;
  const example = `dataDir=/d\ninitLimit=5\nsyncLimit=2\nclientPort=2181\npeerType=observer\n${voters}`;
  const { clientAddress, quorum, warnings } = parse(example, { myid: '3' });
  assert.is(clientAddress?.port, 2181);
  assert.equal(quorum?.config.servers.get(3)?.addresses, [
    { host: 'localhost', quorumPort: 2181, electionPort: 3181 },
  ]);
  assert.not.match(warnings.join('\n'), /2181/);
});

test('the client address comes from the server line or the key, and may not differ', () => {
  const address = (text: string) => parse(`${three}${text}`, { myid: '3' }).clientAddress;
  assert.equal(address(''), { host: '0.0.0.0', port: 2183 });
  assert.equal(address('clientPort=2183'), { host: '0.0.0.0', port: 2183 });
  refused(
    'ZK_CONFIG_VALUE',
    /clientPort=0\.0\.0\.0:2184 .*accepted is 0\.0\.0\.0:2183, as in the server line/,
    `${three}clientPort=2184`,
    {
      myid: '3',
    },
  );
  refused('ZK_CONFIG_VALUE', /as in the server line/, `${three}clientPort=2183\nclientPortAddress=10.0.0.1`, {
    myid: '3',
  });
  assert.equal(parse(three, { myid: '1' }).clientAddress, undefined, 'a member may take no clients');
  const forms: [text: string, host: string][] = [
    ['::1', '0:0:0:0:0:0:0:1'],
    ['[::1]', '0:0:0:0:0:0:0:1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['0.0.0.0', '0.0.0.0'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['FE80::1%eth0', 'fe80:0:0:0:0:0:0:1%eth0'],
    ['localhost', 'localhost'],
    ['zk_0.zk-hs', 'zk_0.zk-hs'],
  ];
  for (const [text, host] of forms)
    assert.equal(parse(`${alone}clientPortAddress=${text}`).clientAddress, { host, port: 2181 });
  for (const text of ['*', '10.0.0.1:2181', 'http://h', 'a b', '[::1'])
    refused(
      'ZK_CONFIG_VALUE',
      / is not accepted; accepted is a host name or an address, without a port/,
      `${alone}clientPortAddress=${text}`,
    );
  const empty = parse(`${alone}clientPortAddress=`);
  assert.equal(empty.clientAddress, { host: '127.0.0.1', port: 2181 });
  assert.match(empty.warnings[0] ?? '', /clientPortAddress is empty.* only on 127\.0\.0\.1/);
  assert.equal(address('clientPort=0'), { host: '0.0.0.0', port: 2183 }, 'to upstream, 0 is no port');
  assert.equal(address('clientPort=2183\nclientPortAddress=::'), { host: '0.0.0.0', port: 2183 });
  const named = three.replace(';2183', ';localhost:2183');
  assert.equal(
    parse(`${named}clientPort=2183\nclientPortAddress=127.0.0.1`, { myid: '3' }).clientAddress,
    { host: 'localhost', port: 2183 },
    'whether a name is that address, only who resolves it can say',
  );
  refused(
    'ZK_CONFIG_VALUE',
    /clientPortAddress=h is not accepted; accepted is an address only together with clientPort/,
    'dataDir=/d\nclientPortAddress=h',
  );
});

test('standalone: no server line, or one participant while standaloneEnabled', () => {
  const one = 'dataDir=/d\ninitLimit=1\nsyncLimit=1\nserver.1=a:1:2;2181\n';
  assert.is(parse(one).quorum, undefined);
  assert.equal(parse(one).clientAddress, { host: '0.0.0.0', port: 2181 });
  assert.is(parse(`${one}standaloneEnabled=false`, { myid: '1' }).quorum?.sid, 1);
  assert.equal(parse(`${one}clientPort=2182`).clientAddress, { host: '0.0.0.0', port: 2182 });
  refused('ZK_CONFIG_VALUE', /as in the server line/, `${one}clientPort=2182`, { myid: '1' });
  assert.equal(parse(`${one}clientPort=2182`, { myid: '7' }).clientAddress, { host: '0.0.0.0', port: 2182 });
  refused(
    'ZK_CONFIG_MISSING',
    /second participant.*is needed for observers/,
    `${one}server.2=b:1:2:observer`,
  );
  refused('ZK_CONFIG_MISSING', /role participant/, 'dataDir=/d\nserver.2=b:1:2:observer');
  refused('ZK_CONFIG_MISSING', /role participant/, `${alone}standaloneEnabled=false`);
});

test('field report C1: unlimited limits are as long as a timer can be; in an ensemble none is below one tick', () => {
  const huge = three
    .replace('initLimit=10', 'initLimit=2147483647')
    .replace('syncLimit=5', 'syncLimit=1000000');
  const config = parse(`${huge}connectToLearnerMasterLimit=2147483647`, { myid: '1' });
  assert.equal(
    [config.initLimitMs, config.syncLimitMs, config.connectToLearnerMasterLimitMs],
    [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1],
  );
  for (const [key, line] of [
    ['initLimit', 'initLimit=10'],
    ['syncLimit', 'syncLimit=5'],
  ] as const)
    for (const ticks of [0, -1])
      refused(
        'ZK_CONFIG_VALUE',
        new RegExp(
          `^${key}=${ticks} is not accepted; accepted is an integer from 1 to 2147483647 in an ensemble`,
        ),
        three.replace(line, `${key}=${ticks}`),
        { myid: '1' },
      );
});

test('field report C1: the part behind the last dot of a dynamic file is its version if it can be one', () => {
  const text = 'dataDir=/d\ninitLimit=1\nsyncLimit=1\ndynamicConfigFile=/x\n';
  const versions: [path: string, version: number][] = [
    ['/conf/zoo.cfg.dynamic', 0],
    ['/conf/zoo.cfg.dynamic.100000000', 0x1_0000_0000],
    ['/conf/members.2A', 42],
    ['/conf/members.d', 13],
    ['/conf.d/members', 0],
    ['/conf/members.', 0],
    ['/conf/members.next', 0],
  ];
  for (const [path, version] of versions) {
    const dynamic = { path, text: 'server.1=a:1:2;2181\nserver.2=b:1:2;2182\n' };
    assert.is(parse(text, { dynamic, myid: '1' }).quorum?.config.version, version, path);
  }
});

test('myid=255: like every other id, unless extendedTypesEnabled makes its session ids those of TTL nodes', () => {
  for (const sid of [254, 255, 256]) {
    const members = `${three}server.${sid}=e:2888:3888\n`;
    const myid = String(sid);
    assert.is(parse(members, { myid }).quorum?.sid, sid);
    assert.is(parse(`${members}extendedTypesEnabled=false`, { myid }).quorum?.sid, sid);
    const extended = `${members}extendedTypesEnabled=true\nemulate353TTLNodes=true`;
    if (sid <= 254) assert.is(parse(extended, { myid }).quorum?.sid, sid);
    else
      refused(
        'ZK_MYID',
        /contains 25\d, and extendedTypesEnabled=true; .* above 254, .* a lower sid/,
        extended,
        {
          myid,
        },
      );
  }
});

test('a warning says what an even or small number of participants tolerates', () => {
  const warnings = (servers: number) => {
    const lines = Array.from({ length: servers }, (_, n) => `server.${n}=h${n}:1:2`).join('\n');
    return parse(`dataDir=/d\ninitLimit=1\nsyncLimit=1\n${lines}`, { myid: '0' }).warnings.join('\n');
  };
  assert.match(warnings(2), /2 participants tolerates no failure/);
  assert.is(warnings(3), '');
  assert.match(warnings(4), /4 participants tolerates no more failures than one of 3/);
});

test('ZOOKEEPER-3188: several addresses refuse the start unless multiAddress.enabled, in zoo.cfg or as a property', () => {
  const several = three.replace('a:2888:3888', 'a:1:2|z:3:4');
  const needs =
    /^server\.1=a:1:2\|z:3:4:participant is not accepted; accepted is one address; for several, set multiAddress\.enabled=true/;
  for (const more of ['', 'multiAddress.enabled=false\n'])
    for (const myid of ['1', '2']) refused('ZK_CONFIG_VALUE', needs, several + more, { myid });
  const addresses = [
    { host: 'a', quorumPort: 1, electionPort: 2 },
    { host: 'z', quorumPort: 3, electionPort: 4 },
  ];
  const property = new Map([['zookeeper.multiAddress.enabled', 'true']]);
  for (const config of [
    parse(`${several}multiAddress.enabled=true\n`, { myid: '1' }),
    parse(several, { myid: '1', systemProperties: property }),
  ]) {
    assert.equal(config.quorum?.config.servers.get(1)?.addresses, addresses);
    assert.not.match(config.warnings.join(), /several|first address/);
  }
});

test('ZOOKEEPER-3188: several addresses of the only server are refused too, and so are those of the dynamic file', () => {
  refused('ZK_CONFIG_VALUE', /one address/, 'dataDir=/d\nclientPort=1\nserver.1=a:1:2|z:1:2\n');
  const dynamic = { path: '/members', text: 'server.1=a:1:2\nserver.2=b:1:2|z:1:2' };
  const text = 'dataDir=/d\ninitLimit=1\nsyncLimit=1\ndynamicConfigFile=/members\n';
  refused('ZK_CONFIG_VALUE', /^server\.2=.*one address/, text, { dynamic, myid: '1' });
});

test('dynamicConfigFile: members come from it, the version from its name', () => {
  const text = 'dataDir=/d\ninitLimit=1\nsyncLimit=1\ndynamicConfigFile=/zoo.cfg.dynamic.100000000\n';
  const members = 'server.1=a:1:2;2181\nserver.2=b:1:2;2182\n';
  const named = { path: '/zoo.cfg.dynamic.100000000', text: members };
  const config = parse(text, { dynamic: named, myid: '1' });
  assert.is(config.quorum?.config.version, 0x1_0000_0000);
  assert.equal(config.clientAddress, { host: '0.0.0.0', port: 2181 });
  const withVersion = { path: '/members', text: `${members}version=2a` };
  assert.is(parse(text, { dynamic: withVersion, myid: '1' }).quorum?.config.version, 42);
  refused(
    'ZK_CONFIG_VALUE',
    /server\.3=c:1:2 is not accepted; accepted is such a line only in/,
    `${text}server.3=c:1:2`,
    {
      dynamic: named,
      myid: '1',
    },
  );
  refused('ZK_CONFIG_VALUE', /tickTime=1/, text, { dynamic: { path: '/m', text: 'tickTime=1' }, myid: '1' });
  refused('ZK_CONFIG_FILE', /was not read/, text, { myid: '1' });
});

test('observer.syncEnabled wins over syncEnabled', () => {
  assert.is(parse(`${alone}observer.syncEnabled=false`).observerSyncEnabled, false);
  assert.is(parse(`${alone}syncEnabled=FALSE`).observerSyncEnabled, false);
  assert.is(parse(`${alone}syncEnabled=false\nobserver.syncEnabled=true`).observerSyncEnabled, true);
});

test('known keys without effect are listed in one warning', () => {
  const config = parse(`${alone}client.certReload=false\nssl.keyStore.location=/k\nflushDelay=1`);
  assert.equal(
    config.notYetUsed.map(({ key }) => key),
    ['client.certReload', 'ssl.keyStore.location', 'flushDelay'],
  );
  assert.equal(config.warnings, [
    'these keys are known but without effect in this server: client.certReload, ssl.keyStore.location, flushDelay',
  ]);
});

test('a key whose value is checked but has no effect yet is listed too', () => {
  const config = parse(`${alone}maxBatchSize=7`);
  assert.equal(config.warnings, ['these keys are known but without effect in this server: maxBatchSize']);
});

test('a warning says that readonlymode.enabled has no effect without local sessions: it opens no others', () => {
  const config = parse(`${alone}readonlymode.enabled=true`);
  assert.is(config.readOnlyModeEnabled, true);
  assert.match(
    config.warnings.join(),
    /readonlymode\.enabled=true has no effect without localSessionsEnabled/,
  );
  assert.equal(parse(`${alone}readonlymode.enabled=true\nlocalSessionsEnabled=true`).warnings, []);
});

test('a warning names each unknown key and the key that it resembles', () => {
  const config = parse(`${alone}tikTime=1\nclientport=1\nsomething.else=1`);
  assert.equal(config.unknownKeys, [
    { key: 'tikTime', value: '1', nearest: 'tickTime' },
    { key: 'clientport', value: '1', nearest: 'clientPort' },
    { key: 'something.else', value: '1', nearest: undefined },
  ]);
  assert.equal(config.warnings, [
    'unknown key tikTime; did you mean tickTime?',
    'unknown key clientport; did you mean clientPort?',
    'unknown key something.else',
  ]);
});

test('of a key that is set twice the last value is used, as in Java, and a warning names both', () => {
  const config = parse(
    `${alone}tickTime=2000\nssl.keyStore.password=one\ntickTime=500\nsnapCount=7\nsnapCount= 7`,
  );
  assert.is(config.tickTimeMs, 500);
  assert.equal(config.warnings, [
    'tickTime is set more than once, to 2000 and to 500; the last value, 500, is used',
    'these keys are known but without effect in this server: ssl.keyStore.password',
  ]);
  const secret = parse(`${alone}ssl.keyStore.password=one\nssl.keyStore.password=two`).warnings[0];
  assert.is(secret, 'ssl.keyStore.password is set more than once; the last value is used');
});

test('version= is that of the membership, in hexadecimal', () => {
  const config = parse(`${three}version=1000000ab`, { myid: '1' });
  assert.is(config.quorum?.config.version, 0x1_0000_00ab);
  assert.not.match(config.warnings.join('\n'), /version/);
  refused(
    'ZK_CONFIG_VALUE',
    /version=new is not accepted; accepted is a zxid in hexadecimal/,
    `${three}version=new`,
  );
});

test('the server keeps at least three snapshots', () => {
  const config = parse(`${alone}autopurge.snapRetainCount=1`);
  assert.is(config.snapRetainCount, 3);
  assert.match(config.warnings[0] ?? '', /snapRetainCount=1 is too small; the minimum, 3, is used/);
});

test('the table of keys: each stands in it once, with a meaning, and its default is accepted', () => {
  const used = Object.values(usedKeys);
  const names = used.map(({ key }) => key);
  assert.is(new Set(names).size, names.length);
  for (const { key, default: initial, read, meaning } of used) {
    assert.ok(meaning !== '', key);
    assert.is(useOf(key), 'used', key);
    assert.not.ok(Object.hasOwn(notYetUsedKeys, key), key);
    const written = [String(initial), initial === true ? 'yes' : 'no'];
    if (initial !== undefined)
      assert.ok(
        written.some(text => String(read(text)) === String(initial)),
        key,
      );
  }
  for (const [key, { meaning }] of Object.entries(notYetUsedKeys)) assert.ok(meaning !== '', key);
  assert.is(nearestKey('qwertyuiop'), undefined);
});

/** The zoo.cfg that Debian's zookeeper package installs, without its comments. */
test('a zoo.cfg as packages ship it', () => {
  const config = parse(
    '# ticks\ntickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/var/lib/zookeeper\nclientPort=2181\n',
  );
  assert.is(config.tickTimeMs, 2000);
  assert.is(config.dataDir, '/var/lib/zookeeper');
  assert.is(config.quorum, undefined);
  assert.equal(config.warnings, []);
});

test('a session timeout never exceeds what the protocol can tell a client', () => {
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = parse(`${alone}tickTime=2147483647`);
  assert.equal([minSessionTimeoutMs, maxSessionTimeoutMs], [2 ** 31 - 1, 2 ** 31 - 1]);
});
