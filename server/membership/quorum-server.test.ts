import { assert, suite } from '#test';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import {
  electionAddressesOf,
  formatQuorumServer,
  listenAddresses,
  masterAddressesOf,
  parseQuorumServer,
  type QuorumServer,
  quorumAddressesOf,
} from './quorum-server.ts';

const test = suite('config: server lines');

const peer = (host: string, quorumPort = 2888, electionPort = 3888) => ({ host, quorumPort, electionPort });
const server = (rest: Partial<QuorumServer>): QuorumServer => ({
  sid: 1,
  addresses: [peer('h')],
  role: 'participant',
  client: undefined,
  secureClient: undefined,
  ...rest,
});

/** Line, what it means, and the line as written again. */
const good: [line: string, meaning: Partial<QuorumServer>, written: string][] = [
  ['h:2888:3888', {}, 'h:2888:3888:participant'],
  [' h:2888:3888 ', {}, 'h:2888:3888:participant'],
  ['h:2888:3888:participant', {}, 'h:2888:3888:participant'],
  ['h:2888:3888:Observer', { role: 'observer' }, 'h:2888:3888:observer'],
  ['h:2888:3888;2181', { client: { host: '0.0.0.0', port: 2181 } }, 'h:2888:3888:participant;0.0.0.0:2181'],
  ['h:2888:3888;0', { client: { host: '0.0.0.0', port: 0 } }, 'h:2888:3888:participant;0.0.0.0:0'],
  ['h:2888:3888;c:2181', { client: { host: 'c', port: 2181 } }, 'h:2888:3888:participant;c:2181'],
  [
    'h:2888:3888:OBSERVER;[::]:2181',
    { role: 'observer', client: { host: '0:0:0:0:0:0:0:0', port: 2181 } },
    'h:2888:3888:observer;[0:0:0:0:0:0:0:0]:2181',
  ],
  ['[::1]:2888:3888', { addresses: [peer('0:0:0:0:0:0:0:1')] }, '[0:0:0:0:0:0:0:1]:2888:3888:participant'],
  ['[::ffff:10.0.0.1]:2888:3888', { addresses: [peer('10.0.0.1')] }, '10.0.0.1:2888:3888:participant'],
  [
    '[FE80::01%eth0]:2888:3888',
    { addresses: [peer('fe80:0:0:0:0:0:0:1%eth0')] },
    '[fe80:0:0:0:0:0:0:1%eth0]:2888:3888:participant',
  ],
  // As Java reads them. The resolver of the system takes "010" for 8, and would find another host.
  [
    '127.0.0.010:2888:3888;010.0.0.1:2181',
    { addresses: [peer('127.0.0.10')], client: { host: '10.0.0.1', port: 2181 } },
    '127.0.0.10:2888:3888:participant;10.0.0.1:2181',
  ],
  ['127.1:2888:3888', { addresses: [peer('127.0.0.1')] }, '127.0.0.1:2888:3888:participant'],
  ['b:1:2|a:3:4', { addresses: [peer('b', 1, 2), peer('a', 3, 4)] }, 'a:3:4|b:1:2:participant'],
  [
    '[::1]:1:2:observer|a:3:4:observer;2181',
    {
      addresses: [peer('0:0:0:0:0:0:0:1', 1, 2), peer('a', 3, 4)],
      role: 'observer',
      client: { host: '0.0.0.0', port: 2181 },
    },
    '[0:0:0:0:0:0:0:1]:1:2|a:3:4:observer;0.0.0.0:2181',
  ],
  [
    'h:2888:3888;2181;2281',
    { client: { host: '0.0.0.0', port: 2181 }, secureClient: { host: '0.0.0.0', port: 2281 } },
    'h:2888:3888:participant;0.0.0.0:2181;0.0.0.0:2281',
  ],
  ['h:2888:3888;;c:2281', { secureClient: { host: 'c', port: 2281 } }, 'h:2888:3888:participant;;c:2281'],
  ['h:2888:3888;', {}, 'h:2888:3888:participant'],
  // Java's String.split drops empty parts at the end; an empty host is the loopback address, by its name.
  ['h:2888:3888:', {}, 'h:2888:3888:participant'],
  ['h:2888:3888|', {}, 'h:2888:3888:participant'],
  ['h:2888:3888;;', {}, 'h:2888:3888:participant'],
  [':2888:3888', { addresses: [peer('localhost')] }, 'localhost:2888:3888:participant'],
  [
    'h:2888:3888;:2181',
    { client: { host: 'localhost', port: 2181 } },
    'h:2888:3888:participant;localhost:2181',
  ],
  ['[localhost]:2888:3888', { addresses: [peer('localhost')] }, 'localhost:2888:3888:participant'],
  ['h:+2888:003888: OBSERVER ', { role: 'observer' }, 'h:2888:3888:observer'],
  ['0.0.0.0:2888:3888', { addresses: [peer('0.0.0.0')] }, '0.0.0.0:2888:3888:participant'],
  ['zk_0.zk-hs:2888:3888', { addresses: [peer('zk_0.zk-hs')] }, 'zk_0.zk-hs:2888:3888:participant'],
];

for (const [line, meaning, written] of good) {
  test(line, () => {
    const parsed = parseQuorumServer(1, line);
    assert.equal(parsed, server(meaning));
    assert.is(formatQuorumServer(parsed), written);
    assert.is(formatQuorumServer(parseQuorumServer(1, written)), written, 'what is written is read again');
  });
}

const bad: [line: string, why: RegExp][] = [
  ['', /no address/],
  ['|', /no address/],
  [';2181', /no address/],
  ['h', /election port is missing/],
  ['h:2888', /election port is missing/],
  ['h:x:3888', /"x" is no port from 1 to 65535/],
  ['h:2888:', /election port is missing/],
  ['h::3888', /"" is no port/],
  ['h:2888:3888 # the first', /"3888 # the first" is no port/],
  ['h : 2888 : 3888', /" 2888 " is no port/],
  ['h:0x1:3888', /"0x1" is no port/],
  ['h:0:3888', /"0" is no port from 1/],
  ['h:2888:65536', /"65536" is no port/],
  ['h:-1:3888', /"-1" is no port/],
  ['h:2888:2888', /are the same/],
  ['h:2888:3888:leader', /"leader" is no role/],
  ['h:2888:3888:observer:x', /too many parts/],
  ['h:2888:3888;c:1:2', /"c:1:2" has too many parts/],
  ['h:2888:3888;c:', /"c" is no port from 0/],
  ['h:2888:3888;::1:2181', /too many parts/],
  ['h:2888:3888;x', /"x" is no port/],
  ['h:2888:3888;1;2;3', /more than three parts/],
  ['h:2888:3888||g:1:2', /election port is missing/],
  ['h:1:2:observer|g:1:2:participant', /roles of its addresses differ/],
  ['[::1:2888:3888', /no IPv6 address/],
  ['[h*st]:2888:3888', /no IPv6 address/],
  ['[10.0.0.1%eth0]:2888:3888', /no IPv6 address/],
  ['[::1/64]:2888:3888', /no IPv6 address/],
  ['[]:2888:3888', /no IPv6 address/],
  ['[::1]2888:3888', /port must follow/],
  ['::1:2888:3888', /too many parts/],
];

for (const [line, why] of bad) {
  test(`refused: "${line}"`, () => {
    assert.throws(
      () => parseQuorumServer(7, line),
      (error: Error & { code: string }) =>
        error.code === 'ZK_CONFIG_VALUE' &&
        error.message.startsWith(`server.7=${line} is not accepted; `) &&
        why.test(error.message),
    );
  });
}

test('each of several addresses has a quorum port, an election port, and the master port; equal ones count once', () => {
  const parsed = parseQuorumServer(1, 'b:1:2|a:3:4|b:1:5|b:1:2');
  assert.equal(quorumAddressesOf(parsed).map(formatAddress), ['b:1', 'a:3']);
  assert.equal(electionAddressesOf(parsed).map(formatAddress), ['b:2', 'a:4', 'b:5']);
  assert.equal(masterAddressesOf(parsed, 9).map(formatAddress), ['b:9', 'a:9']);
});

test('quorumListenOnAllIPs: every address of the machine, at each port once', () => {
  const addresses = quorumAddressesOf(parseQuorumServer(1, 'b:1:2|a:3:4|c:1:5'));
  assert.equal(listenAddresses(addresses, { quorumListenOnAllIPs: false }), addresses);
  assert.equal(listenAddresses(addresses, { quorumListenOnAllIPs: true }).map(formatAddress), [
    '0.0.0.0:1',
    '0.0.0.0:3',
  ]);
});
