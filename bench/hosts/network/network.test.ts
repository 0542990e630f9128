import { assert, suite } from '#test';
import { isInForce } from './limit-in-force.ts';
import { linkBytesOf } from './link-counts.ts';
import { bitsPerSecond, delayMs } from './link-limits.ts';
import {
  hubCommands,
  hubDevice,
  hubName,
  inSpace,
  labOf,
  limitCommands,
  memberCommands,
  memberSpace,
} from './network-commands.ts';

const test = suite('hosts: networks of members');

test('a bandwidth is read in the units of tc, and anything else is refused', () => {
  assert.equal(
    ['100kbit', '1mbit', '2.5mbit', '10gbit'].map(bitsPerSecond),
    [100_000, 1_000_000, 2_500_000, 10_000_000_000],
  );
  for (const text of [
    '',
    '100',
    '100mbps',
    '100 mbit',
    '-1mbit',
    '0mbit',
    '99kbit',
    '101gbit',
    '1e9mbit',
    'mbit',
  ])
    assert.is(bitsPerSecond(text), undefined, text);
});

test('a delay is read in ms, and anything else is refused', () => {
  assert.equal(['25ms', '0.5ms', '10000ms'].map(delayMs), [25, 0.5, 10_000]);
  for (const text of ['', '25', '25s', '0ms', '-1ms', '10001ms']) assert.is(delayMs(text), undefined, text);
});

test('the name of a namespace says which lab made it, and other names belong to no lab', () => {
  const hub = hubName(4711, 2);
  assert.is(labOf(hub), 4711);
  assert.is(labOf(memberSpace(hub, 'v1')), 4711);
  for (const name of ['', 'zklab-', 'zklab-x-1', 'zklab-4711', 'my-zklab-4711-1', 'zklab-4711-1x', 'blue'])
    assert.is(labOf(name), undefined, name);
});

test('the far end of a link is named within the 15 characters of a device, for any number of members', () => {
  assert.is(hubDevice(0), 'm1');
  assert.ok(hubDevice(254).length <= 15);
});

test('a bandwidth bounds both ends of the link, so both directions', () => {
  const member = { name: 'v1', host: '127.7.0.1', limits: { bandwidth: '100mbit' } };
  const limits = memberCommands('hub-1', member, 0).filter(([file]) => file === 'tc');
  const tbf = ['root', 'handle', '2:', 'tbf', 'rate', '100000000bit', 'burst', '62500', 'latency', '50ms'];
  assert.equal(limits, [
    ['tc', '-n', 'hub-1-v1', 'qdisc', 'add', 'dev', 'eth0', ...tbf],
    ['tc', '-n', 'hub-1', 'qdisc', 'add', 'dev', 'm1', ...tbf],
  ]);
});

test('with a delay the bandwidth stands below it; without limits nothing is shaped', () => {
  const words = limitCommands('s', 'eth0', { bandwidth: '1mbit', delay: '25ms' }).map(each => each.join(' '));
  assert.equal(words, [
    'tc -n s qdisc add dev eth0 root handle 1: netem delay 25ms limit 25000',
    'tc -n s qdisc add dev eth0 parent 1:1 handle 2: tbf rate 1000000bit burst 16384 latency 50ms',
  ]);
  assert.equal(limitCommands('s', 'eth0', {}), []);
});

test('addresses stand only inside of namespaces', () => {
  const commands = [
    ...hubCommands('hub-1'),
    ...memberCommands('hub-1', { name: 'v1', host: '127.7.0.1', limits: { bandwidth: '1mbit' } }, 0),
  ];
  const outside = commands.filter(
    ([file, flag, ...rest]) =>
      file !== 'nsenter' && flag !== '-n' && !(flag === 'netns' && rest[0] === 'add'),
  );
  assert.equal(outside, []);
  const addresses = commands.flatMap(words => words.filter(word => /^\d+\./.test(word)));
  assert.ok(addresses.length > 0);
  assert.equal(
    addresses.filter(address => !address.startsWith('127.')),
    [],
  );
});

test('a command enters its namespace and stays the same process', () => {
  assert.equal(inSpace('hub-1'), ['nsenter', '--net=/run/netns/hub-1']);
});

test('bytes are read from the far end: what it receives, the member has sent', () => {
  const answer = JSON.stringify([
    { ifname: 'lo', mtu: 65536, stats64: { rx: { bytes: 0 }, tx: { bytes: 0 } } },
    { ifname: 'm1', stats64: { rx: { bytes: 700, packets: 3 }, tx: { bytes: 20 } } },
  ]);
  assert.equal(linkBytesOf(answer).get('m1'), { sent: 700, received: 20 });
  assert.throws(() => linkBytesOf('[{"ifname":"m1"}]'));
  assert.throws(() => linkBytesOf('Cannot open network namespace'));
});

test('a limit is in force where tc names its rate, and not where it names another or none', () => {
  const answer = (kind: string, rate?: number) =>
    JSON.stringify([
      { kind: 'netem', handle: '1:', options: {} },
      { kind, handle: '2:', options: { rate } },
    ]);
  assert.ok(isInForce(answer('tbf', 12_500_000), '100mbit'));
  assert.not(isInForce(answer('tbf', 125_000_000), '100mbit'));
  assert.not(isInForce(answer('tbf'), '100mbit'));
  assert.not(isInForce('[{"kind":"noqueue","handle":"0:","options":{}}]', '100mbit'));
  assert.throws(() => isInForce('Cannot find device "eth0"', '100mbit'));
});
