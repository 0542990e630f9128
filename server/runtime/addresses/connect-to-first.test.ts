import { assert, suite } from '#test';
import type { Address, ConnectEvents, Timer } from '../runtime.ts';
import { MemoryNetwork } from '../virtual/memory-network.ts';
import { VirtualClock } from '../virtual/virtual-clock.ts';
import { VirtualTime } from '../virtual/virtual-time.ts';
import { connectToFirst, DIALS_AT_ONCE_MAX } from './connect-to-first.ts';

const test = suite('runtime: the first address that answers');

const PORT = 3888;
const TIMEOUT_MS = 5000;
const addressesOf = (...hosts: string[]): Address[] => hosts.map(host => ({ host, port: PORT }));

/** One server with the addresses a, b and c, and one that dials it. */
function world() {
  const time = new VirtualTime();
  const network = new MemoryNetwork(time);
  const server = network.host('a', new VirtualClock(time));
  const dialer = network.host('dialer', new VirtualClock(time));
  let accepted = 0;
  for (const host of ['b', 'c']) network.addAddress('a', host);
  for (const host of ['a', 'b', 'c'])
    server.listen(
      { host, port: PORT },
      {
        onListening: () => {},
        onConnection: () => void accepted++,
        onError: error => assert.unreachable(error.message),
      },
    );
  time.advance(10);
  const dial = (...hosts: string[]) => {
    const outcome: { address?: Address; error?: string } = {};
    const timer = connectToFirst(dialer, addressesOf(...hosts), TIMEOUT_MS, {
      onConnected: (_, address) => {
        assert.equal(outcome, {});
        outcome.address = address;
      },
      onError: error => {
        assert.equal(outcome, {});
        outcome.error = error.message;
      },
    });
    return { outcome, timer };
  };
  return { time, network, server, dialer, dial, accepted: () => accepted };
}

test('an address that nobody answers at costs no time, wherever it stands', () => {
  for (const hosts of [
    ['a', 'b'],
    ['b', 'a'],
    ['a', 'c', 'b'],
  ]) {
    const { time, network, dial } = world();
    for (const down of hosts.filter(host => host !== 'b')) network.cut('dialer', down, 'blackhole');
    const { outcome } = dial(...hosts);
    time.advance(50);
    assert.equal(outcome.address, { host: 'b', port: PORT });
  }
});

test('of several that answer one connection stays, and the others end on both sides', () => {
  const { time, server, dialer, dial } = world();
  const { outcome } = dial('a', 'b', 'c');
  time.advance(1000);
  assert.ok(outcome.address);
  assert.equal([dialer.connectionCount, server.connectionCount], [1, 1]);
});

test('when no address answers there is one error, that of the last', () => {
  const { time, network, dial } = world();
  network.cut('dialer', 'a', 'blackhole');
  const { outcome } = dial('a', 'nobody', 'nobody-else');
  time.advance(TIMEOUT_MS - 1);
  assert.equal(outcome, {});
  time.advance(100);
  assert.match(outcome.error ?? '', /no answer from a:3888 within 5000 ms/);
});

test('cancelled before an answer: no event, and no connection', () => {
  const { time, server, dialer, dial } = world();
  const { outcome, timer } = dial('a', 'b');
  timer.cancel();
  time.advance(TIMEOUT_MS + 1000);
  assert.equal(outcome, {});
  assert.equal([dialer.connectionCount, server.connectionCount], [0, 0]);
});

test('no more than the limit are dialed at once, and all are tried', () => {
  const open = new Set<ConnectEvents>();
  const dialed: string[] = [];
  let most = 0;
  const network = {
    connect(address: Address, _timeoutMs: number, events: ConnectEvents): Timer {
      dialed.push(address.host);
      open.add(events);
      most = Math.max(most, open.size);
      return { cancel: () => void open.delete(events) };
    },
  };
  const hosts = Array.from({ length: 3 * DIALS_AT_ONCE_MAX }, (_, at) => `h${at}`);
  let failures = 0;
  connectToFirst(network, addressesOf(...hosts), TIMEOUT_MS, {
    onConnected: () => assert.unreachable(),
    onError: () => void failures++,
  });
  while (open.size > 0)
    for (const events of [...open]) {
      open.delete(events);
      events.onError(new Error('refused'));
    }
  assert.equal(dialed, hosts);
  assert.equal([most, failures], [DIALS_AT_ONCE_MAX, 1]);
});
