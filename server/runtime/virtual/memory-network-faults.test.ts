import { assert, suite } from '#test';
import { dial, pair, text } from './memory-network.test-kit.ts';
import { VirtualClock } from './virtual-clock.ts';

const test = suite('runtime: cuts, crashes and power loss in virtual time');

test('a black hole: dialling times out; open connections stay, and bytes arrive after the heal', () => {
  const { time, network, near, far, hostA } = pair();
  network.cut('a', 'b', 'blackhole');
  near.connection.write(text('held'));
  const late = dial(hostA, { host: 'b', port: 2181 }, 500);
  time.advance(10_000);
  assert.is(late.outcome, 'ETIMEDOUT');
  assert.is(far.text, '');
  assert.is(near.closed ?? far.closed, undefined);
  network.heal('a', 'b');
  time.runUntilIdle();
  assert.is(far.text, 'held');
});

test('a black hole in one direction leaves the other alone', () => {
  const { time, network, near, far } = pair();
  network.cut('a', 'b', 'blackhole');
  far.connection.write(text('still heard'));
  time.runUntilIdle();
  assert.is(near.text, 'still heard');
});

test('a refusing link resets what was dialled over it and refuses the next dial', () => {
  const { time, network, near, far, hostA } = pair();
  network.cut('a', 'b', 'refuse');
  const next = dial(hostA, { host: 'b', port: 2181 });
  time.runUntilIdle();
  assert.is(near.closed, 'ECONNRESET');
  assert.is(far.closed, 'ECONNRESET');
  assert.is(next.outcome, 'ECONNREFUSED');
});

test('a killed process: its peers are reset, its port refuses, a successor may listen again', () => {
  const { time, network, near, far, hostA, hostB } = pair();
  hostB.clock.kill();
  hostB.kill();
  const refused = dial(hostA, { host: 'b', port: 2181 });
  time.runUntilIdle();
  assert.is(near.closed, 'ECONNRESET');
  assert.is(far.closed, undefined, 'a dead process is told nothing');
  assert.is(refused.outcome, 'ECONNREFUSED');
  const successor = network.host('b', new VirtualClock(time));
  successor.listen(
    { host: 'b', port: 2181 },
    { onListening: () => {}, onConnection: () => {}, onError: () => assert.unreachable() },
  );
  const again = dial(hostA, { host: 'b', port: 2181 });
  time.runUntilIdle();
  assert.is(again.outcome, 'connected');
});

test('a machine without power is silent and answers no dial; once back, it resets whoever still sends', () => {
  const { time, network, near, far, hostA, hostB } = pair();
  hostB.clock.kill();
  hostB.powerOff();
  time.advance(100);
  near.connection.write(text('are you there'));
  const dialled = dial(hostA, { host: 'b', port: 2181 }, 500);
  time.advance(10_000);
  assert.is(near.closed, undefined, 'half open');
  assert.is(far.closed, undefined, 'a dead process is told nothing');
  assert.is(dialled.outcome, 'ETIMEDOUT');
  network.host('b', new VirtualClock(time));
  time.advance(100);
  assert.is(near.closed, 'ECONNRESET');
});

test('a dial to a machine without power is retried and finds it once it is back', () => {
  const { time, network, hostA, hostB } = pair();
  hostB.clock.kill();
  hostB.powerOff();
  const dialled = dial(hostA, { host: 'b', port: 2181 }, 10_000);
  time.advance(2000);
  const back = network.host('b', new VirtualClock(time));
  back.listen(
    { host: 'b', port: 2181 },
    { onListening: () => {}, onConnection: () => {}, onError: () => assert.unreachable() },
  );
  time.advance(2000);
  assert.is(dialled.outcome, 'connected');
});

test('a connection with nothing to send stays half open over a reboot of its peer', () => {
  const { time, network, near, hostB } = pair();
  hostB.clock.kill();
  hostB.powerOff();
  network.host('b', new VirtualClock(time));
  time.advance(10_000);
  assert.is(near.closed, undefined);
  near.connection.write(text('hello'));
  time.advance(10);
  assert.is(near.closed, 'ECONNRESET');
});

test('packets of a machine that a cut held back are never sent after its power loss', () => {
  const { time, network, far, near, hostA } = pair();
  network.cut('a', 'b', 'blackhole');
  near.connection.write(text('lost'));
  time.advance(10);
  hostA.clock.kill();
  hostA.powerOff();
  network.heal('a', 'b');
  time.advance(10_000);
  assert.is(far.text, '');
});

test('a swallowed direction: one end reaches nobody, the other is heard, new connections work, and both end in time', () => {
  const { time, network, near, far, hostA } = pair();
  network.swallow('a', 'b');
  near.connection.write(text('lost'));
  far.connection.write(text('heard'));
  const next = dial(hostA, { host: 'b', port: 2181 });
  time.advance(10_000);
  assert.is(far.text, '');
  assert.is(near.text, 'heard');
  assert.is(next.outcome, 'connected');
  network.giveUpSwallowed('a', 'b');
  time.advance(10);
  assert.is(near.closed, 'ECONNRESET');
  assert.is(far.closed, 'ECONNRESET');
  assert.is(far.text, '', 'what was swallowed is not delivered');
});

test('the kernel accepts and buffers for a paused process, which reads all of it in one turn', () => {
  const { time, near, far, hostA, hostB } = pair();
  hostB.clock.pause();
  near.connection.write(text('a'));
  time.advance(1);
  near.connection.write(text('b'));
  const accepted = dial(hostA, { host: 'b', port: 2181 });
  time.advance(1000);
  assert.is(accepted.outcome, 'connected');
  assert.is(far.text, '');
  hostB.clock.resume();
  time.runUntilIdle();
  assert.is(far.text, 'ab');
});

test('a cancelled connect calls nothing, and the accepted end is reset', () => {
  const { time, hostA, hostB } = pair({ latencyMs: 10 });
  const before = hostB.connectionCount;
  const attempt = hostA.connect({ host: 'b', port: 2181 }, 1000, {
    onConnected: () => assert.unreachable(),
    onError: () => assert.unreachable(),
  });
  time.advance(15);
  assert.is(hostB.connectionCount, before + 1);
  attempt.cancel();
  time.runUntilIdle();
  assert.is(hostB.connectionCount, before);
});
