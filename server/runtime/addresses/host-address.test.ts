import { assert, suite } from '#test';
import { canonicalHost, formatAddress, ipAddress, isAnyHost, isUnresolved } from './host-address.ts';

const test = suite('runtime: addresses of hosts');

/** A text, and its address as Java spells it. */
const table: [text: string, address: string | undefined][] = [
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::', '0:0:0:0:0:0:0:0'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['0:0:0:0:0:0:0:1', '0:0:0:0:0:0:0:1'],
  ['2001:DB8:0::00ff', '2001:db8:0:0:0:0:0:ff'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1%eth0'],
  ['fe80::1%2', 'fe80:0:0:0:0:0:0:1%2'],
  // IPv4 is decimal, whatever leads, and the last of fewer than four numbers fills the rest.
  ['127.000.000.010', '127.0.0.10'],
  ['10.0.0.08', '10.0.0.8'],
  ['127.1', '127.0.0.1'],
  ['10.1.512', '10.1.2.0'],
  ['2130706433', '127.0.0.1'],
  ['4294967295', '255.255.255.255'],
  ['4294967296', undefined],
  ['256.1.1.1', undefined],
  ['1.2.3.256', undefined],
  ['1.2.3.4.5', undefined],
  ['0x7f.1', undefined],
  ['127.0.0.1.', undefined],
  ['localhost', undefined],
  ['zk-0.zk', undefined],
  ['', undefined],
  ['10.0.0.1%eth0', undefined],
  ['10.0.0.1/8', undefined],
  ['::1/64', undefined],
  ['1::2::3', undefined],
  ['fe80::1%', undefined],
];

test('an address has one spelling, in brackets or without; a name stays what it is', () => {
  for (const [text, address] of table) {
    assert.is(ipAddress(text), address, text);
    assert.is(canonicalHost(text), address ?? text, text);
    if (address !== undefined) assert.is(canonicalHost(`[${text}]`), address);
  }
});

test('every address of the machine has two forms', () => {
  for (const host of ['0.0.0.0', '::', '[::]', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0'])
    assert.is(isAnyHost(host), true, host);
  for (const host of ['', '*', 'localhost', '::1', '127.0.0.1']) assert.is(isAnyHost(host), false, host);
});

test('IPv6 stands in brackets before a port', () => {
  assert.is(formatAddress({ host: 'h', port: 1 }), 'h:1');
  assert.is(formatAddress({ host: '0:0:0:0:0:0:0:1', port: 2181 }), '[0:0:0:0:0:0:0:1]:2181');
});

test('an unknown name is distinguished from a port on which nobody listens', () => {
  assert.is(isUnresolved(Object.assign(new Error('x'), { syscall: 'getaddrinfo' })), true);
  assert.is(isUnresolved(Object.assign(new Error('x'), { syscall: 'connect', code: 'ECONNREFUSED' })), false);
});
