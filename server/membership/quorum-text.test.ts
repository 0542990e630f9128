import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { configurationOf } from './configuration.ts';
import { QuorumMaj } from './quorum-maj.ts';
import { formatDynamicConfig, formatQuorumConfig, parseQuorumConfig, parseVersion } from './quorum-text.ts';

const test = suite('config: quorum text');

const majority = [
  'server.1=127.0.0.1:2881:3881:participant;0.0.0.0:2181',
  'server.2=127.0.0.1:2882:3882:participant',
  'server.10=127.0.0.1:2890:3890:observer;127.0.0.1:2190',
  'version=100000000',
].join('\n');

test('the text of a configuration, to the byte', () => {
  const config = parseQuorumConfig(majority);
  assert.is(formatQuorumConfig(config), majority);
  assert.is(config.version, 0x1_0000_0000);
  assert.equal([...config.servers.keys()], [1, 2, 10]);
  assert.equal(config.rules.lines, []);
  assert.instance(configurationOf(config).verifier, QuorumMaj);
});

/** What Apache ZooKeeper 3.8.0 kept at /zookeeper/config when it was started from the lines on the left. */
test('the lines of a zoo.cfg become the text that Apache ZooKeeper 3.8 makes of them, to the byte', () => {
  const config = parseQuorumConfig(`
server.10=127.0.0.1:21703:21704:observer;[::1]:21705
server.2=[::1]:21706:21707
server.3=127.0.0.2:21708:21709|127.0.0.1:21710:21711;21712
server.1=127.0.0.1:21701:21702:PARTICIPANT;127.0.0.1:21700
group.2=3
group.1=2:1
weight.2=0
weight.3=0
`);
  const fromJava = `\
server.1=127.0.0.1:21701:21702:participant;127.0.0.1:21700
server.2=[0:0:0:0:0:0:0:1]:21706:21707:participant
server.3=127.0.0.1:21710:21711|127.0.0.2:21708:21709:participant;0.0.0.0:21712
server.10=127.0.0.1:21703:21704:observer;[0:0:0:0:0:0:0:1]:21705
group.1=1:2
group.2=3
weight.1=1
weight.2=0
weight.3=0
version=0`;
  assert.is(formatQuorumConfig(config), fromJava);
});

test('lines come out in order of sid as a number, whatever order they came in', () => {
  const shuffled = majority.split('\n').reverse().join('\n');
  assert.is(formatQuorumConfig(parseQuorumConfig(shuffled)), majority);
});

test('the dynamic file has no version and ends with a line end', () => {
  assert.is(formatDynamicConfig(parseQuorumConfig(majority)), majority.replace(/version=.*$/, ''));
});

test('hierarchical: groups and weights follow, a weight for every voter', () => {
  const text = [
    'server.1=a:1:2:participant',
    'server.2=b:1:2:participant',
    'server.3=c:1:2:participant',
    'server.4=d:1:2:observer',
    'group.2=3',
    'group.1=2:1',
    'weight.3=0',
    'version=0',
  ].join('\n');
  const written = formatQuorumConfig(parseQuorumConfig(text));
  assert.equal(written.split('\n').slice(4), [
    'group.1=1:2',
    'group.2=3',
    'weight.1=1',
    'weight.2=1',
    'weight.3=0',
    'version=0',
  ]);
  assert.is(formatQuorumConfig(parseQuorumConfig(written)), written);
});

test('a text without a version is version 0', () => {
  assert.is(parseQuorumConfig('server.1=a:1:2').version, 0);
  assert.is(parseVersion(undefined), 0);
});

const bad: [text: string, code: string, said: RegExp][] = [
  ['version=xyz', 'ZK_CONFIG_VALUE', /version=xyz is not accepted; accepted is a zxid in hexadecimal/],
  ['version=-1', 'ZK_CONFIG_VALUE', /version=-1/],
  ['version=ffffffffffffffff', 'ZK_CONFIG_VALUE', /zxid/],
  [
    'tickTime=1',
    'ZK_CONFIG_VALUE',
    /tickTime=1 is not accepted; accepted is server\.N, .*group\.N, weight\.N or version, in a quorum configuration$/,
  ],
  [
    'server.x=a:1:2',
    'ZK_CONFIG_VALUE',
    /server\.x=a:1:2 is not accepted; accepted is server\.N with an integer N/,
  ],
  ['server.-1=a:1:2', 'ZK_CONFIG_VALUE', /server\.-1/],
  ['server.1=a:1:2\nserver.01=b:1:2', 'ZK_CONFIG_VALUE', /one line only for server\.1/],
  ['server.1=a', 'ZK_CONFIG_VALUE', /server\.1=a is not accepted; accepted is host:quorumPort/],
  ['server.1=a:1:2\ngroup.1=1:x', 'ZK_CONFIG_VALUE', /group\.1=1:x is not accepted; accepted is sids/],
  ['server.1=a:1:2\ngroup.1=1\ngroup.2=1', 'ZK_CONFIG_VALUE', /sid 1 in one group only/],
  ['server.1=a:1:2\ngroup.1=1:1', 'ZK_CONFIG_VALUE', /sid 1 in one group only/],
  ['server.1=a:1:2\ngroup.1=1:9', 'ZK_CONFIG_VALUE', /a server line or a weight, and 9 has neither/],
  ['server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1', 'ZK_CONFIG_MISSING', /server\.2 votes and is in no group/],
  ['server.1=a:1:2\nweight.1=2', 'ZK_CONFIG_MISSING', /server\.1 votes and is in no group/],
  [
    'server.1=a:1:2\ngroup.1=1\nweight.1=-2',
    'ZK_CONFIG_VALUE',
    /weight\.1=-2 is not accepted; accepted is an integer/,
  ],
];

for (const [text, code, said] of bad) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseQuorumConfig(text),
      (error: Error & { code: string }) => error.code === code && said.test(error.message),
    );
  });
}

test('every configuration is read as it was written', () => {
  const plain = { noNullPrototype: true } as const;
  const port = fc.integer({ min: 1, max: 65534 });
  const host = fc.constantFrom('127.0.0.1', 'zk-1.example', '0:0:0:0:0:0:0:1');
  const address = fc
    .record({ host, quorumPort: port })
    .map(one => ({ ...one, electionPort: one.quorumPort + 1 }));
  const client = fc.option(fc.record({ host, port }, plain), { nil: undefined });
  const line = fc.record(
    {
      sid: fc.integer({ min: 0, max: 300 }),
      addresses: fc.tuple(address),
      role: fc.constantFrom('participant' as const, 'observer' as const),
      client,
      secureClient: client,
    },
    plain,
  );
  const lines = fc.uniqueArray(line, { selector: ({ sid }) => sid, maxLength: 8 });
  fc.assert(
    fc.property(lines, fc.nat(), (servers, version) => {
      const sorted = [...servers].sort((a, b) => a.sid - b.sid);
      const config = {
        version,
        servers: new Map(sorted.map(server => [server.sid, server])),
        rules: parseQuorumConfig('').rules,
      };
      assert.equal(parseQuorumConfig(formatQuorumConfig(config)), config);
    }),
  );
});
