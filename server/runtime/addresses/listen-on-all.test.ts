import { assert, suite } from '#test';
import { silentLogger } from '../logging/logger.ts';
import type { Address } from '../runtime.ts';
import { MemoryNetwork } from '../virtual/memory-network.ts';
import { VirtualClock } from '../virtual/virtual-clock.ts';
import { VirtualTime } from '../virtual/virtual-time.ts';
import { listenOnAll, type PortFailures } from './listen-on-all.ts';

const test = suite('runtime: ports on several addresses');

const PORT = 2888;
const TRIES = 3;
const at = (host: string): Address => ({ host, port: PORT });

function world() {
  const time = new VirtualTime();
  const memory = new MemoryNetwork(time);
  const clock = new VirtualClock(time);
  const network = memory.host('a', clock);
  memory.addAddress('a', 'b');
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
  const told: string[] = [];
  const listen = (addresses: readonly Address[], failures: PortFailures = new Map()) =>
    listenOnAll(
      { network, clock, logger },
      { name: 'quorum port', addresses, triesMax: TRIES, failures },
      {
        onListening: port => told.push(`listens ${port}`),
        onUnresolved: () => told.push('unresolved'),
        onConnection: () => told.push('connection'),
        onGiveUp: error => told.push(error.message),
      },
    );
  return { time, memory, network, clock, errors, told, listen };
}

test('a member listens on each of its addresses, and close() closes all', () => {
  const { time, memory, told, network, listen } = world();
  const listener = listen([at('a'), at('b')]);
  time.advance(10);
  const dialer = memory.host('dialer', new VirtualClock(time));
  for (const host of ['a', 'b'])
    dialer.connect(at(host), 1000, {
      onConnected: () => {},
      onError: error => assert.unreachable(error.message),
    });
  time.advance(100);
  assert.equal(told, ['listens 2888', 'listens 2888', 'connection', 'connection']);
  listener.close();
  assert.equal([network.listenerAt(PORT, 'a'), network.listenerAt(PORT, 'b')], [undefined, undefined]);
});

test('ZOOKEEPER-3188: an address of another machine is given up with an error in the log; the others serve', () => {
  const { time, told, errors, listen } = world();
  listen([at('elsewhere'), at('b')]);
  time.advance(10_000);
  assert.equal(told, ['listens 2888']);
  assert.is(errors.length, 1);
  assert.match(
    errors[0]!,
    /^quorum port elsewhere:2888 cannot be bound: EADDRNOTAVAIL.*goes on with its other addresses$/,
  );
});

test('without any address it gives up, after the tries of each, counted over several attempts to listen', () => {
  const { time, told, listen } = world();
  const failures: PortFailures = new Map();
  const first = listen([at('x'), at('y')], failures);
  time.advance(1500);
  first.close();
  assert.equal(told, []);
  listen([at('x'), at('y')], failures);
  time.advance(10);
  assert.is(told.length, 1);
  assert.match(told[0]!, /^quorum port y:2888 cannot be bound/);
});

test('a name that cannot be resolved yet is reported only while no other address listens', () => {
  const { time, memory, told, listen } = world();
  memory.setUnknown('b', true);
  const only = listen([at('b')]);
  time.advance(10);
  assert.equal(told, ['unresolved']);
  only.close();
  told.length = 0;
  listen([at('a'), at('b')]);
  time.advance(5000);
  assert.equal(told, ['listens 2888']);
  memory.setUnknown('b', false);
  time.advance(2000);
  assert.equal(told, ['listens 2888', 'listens 2888']);
});
