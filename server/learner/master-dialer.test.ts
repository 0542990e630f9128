import { assert, suite } from '#test';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { MemoryNetwork } from '../runtime/virtual/memory-network.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { MasterDialer, ROUND_PAUSE_MS, roundPauseMs } from './master-dialer.ts';

const test = suite('quorum: dialing masters');

test('each round through unreachable masters is followed by the round pause and the extra pause', () => {
  const time = new VirtualTime();
  const clock = new VirtualClock(time);
  const network = new MemoryNetwork(time).host('observer', clock);
  const masters = [1, 2].map(sid => ({ sid, addresses: [{ host: `master${sid}`, port: 2191 }] }));
  const extras = [0, 5000, 300];
  const limits = { attemptTimeoutMs: 10, extraPauseMs: () => extras.shift() ?? 0 };
  let reason = '';
  new MasterDialer({ clock, network }, [masters, masters, masters], limits, {
    onConnected: () => assert.unreachable(),
    onGivenUp: why => {
      reason = why;
    },
  }).start();
  const pausesMs = roundPauseMs(0) + roundPauseMs(1) + roundPauseMs(2);
  time.advance(pausesMs + 5300 - 1);
  assert.is(reason, '');
  time.advance(200);
  assert.is(reason, 'no connection to master1:2191, master2:2191 in 3 rounds');
});

test('004-18: the first pauses are short, and later ones are no longer than upstream’s', () => {
  assert.equal([0, 1, 2, 3, 4, 5, 29].map(roundPauseMs), [
    10,
    20,
    40,
    80,
    ROUND_PAUSE_MS,
    ROUND_PAUSE_MS,
    ROUND_PAUSE_MS,
  ]);
});

test('observer.reconnectDelayMs: an observer whose master is unreachable dials less often; a follower does not', () => {
  const dials = (delayMs: number, lost: number): number => {
    const settings = { 'observer.reconnectDelayMs': delayMs };
    const ensemble = new MemoryEnsemble({ voters: 2, observers: 1, settings }).start();
    const { network } = ensemble.machine(lost).runtime!;
    const connect = network.connect.bind(network);
    let count = 0;
    network.connect = (address, timeoutMs, events) => {
      if (address.port !== 2888) return connect(address, timeoutMs, events);
      count++;
      return connect({ ...address, port: 9 }, timeoutMs, events);
    };
    ensemble.server(lost).view.peer!.learner!.end('test');
    ensemble.time.advance(20_000);
    return count;
  };
  const [follower, observer] = [1, 3];
  const seldom = dials(4000, observer);
  assert.ok(dials(0, observer) > 4 * seldom && seldom > 0, 'observer');
  assert.ok(dials(4000, follower) > 4 * seldom, 'follower');
});
