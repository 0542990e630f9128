import { assert, suite } from '#test';
import { UsageError } from '../usage-error.ts';
import { bandwidth, cores, oneOf, shortTime } from './quantities.ts';

const test = suite('prediction: quantities with units');

test('units are read as people write them', () => {
  assert.is(bandwidth('--nic', '1gbit'), 125_000_000);
  assert.is(bandwidth('--nic', '100 Mbit'), 12_500_000);
  assert.is(shortTime('--rtt', '2ms'), 2);
  assert.is(shortTime('--rtt', '250us'), 0.25);
  assert.is(shortTime('--rtt', '0'), 0);
  assert.is(cores('--cores-per-member', '0.15'), 0.15);
  assert.is(oneOf('--clients', 'all', ['leader', 'all']), 'all');
});

test('what is not a quantity is refused with its option, its value and what is accepted', () => {
  for (const [read, text] of [
    [() => bandwidth('--nic', '1'), '--nic 1: accepted is a number with kbit, mbit or gbit'],
    [() => bandwidth('--nic', '1gb'), '--nic 1gb: accepted is'],
    [() => bandwidth('--nic', '0gbit'), '--nic 0gbit: accepted is'],
    [() => bandwidth('--nic', '1.2.3gbit'), '--nic 1.2.3gbit: accepted is'],
    [() => bandwidth('--nic', '-1gbit'), '--nic -1gbit: accepted is'],
    [() => shortTime('--rtt', '2'), '--rtt 2: accepted is a number with us, ms or s'],
    [() => shortTime('--rtt', '11s'), '--rtt 11s: accepted is'],
    [() => shortTime('--rtt', '1constructor'), '--rtt 1constructor: accepted is'],
    [() => cores('--cores-per-member', '0'), '--cores-per-member 0: accepted is a number of cores'],
    [() => cores('--cores-per-member', 'four'), '--cores-per-member four: accepted is'],
    [() => oneOf('--clients', 'nowhere', ['leader', 'all']), '--clients nowhere: accepted is leader, all'],
  ] as const) {
    try {
      read();
      assert.unreachable(`accepted: ${text}`);
    } catch (error) {
      assert.instance(error, UsageError);
      assert.ok((error as Error).message.startsWith(text), (error as Error).message);
    }
  }
});
