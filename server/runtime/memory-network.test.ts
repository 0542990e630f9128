import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { END_LINGER_MS, END_STALLED_MS } from './linger.ts';
import { WINDOW_BYTES } from './memory-connection.ts';
import type { LinkQuality } from './memory-link.ts';
import { type MemoryHost, MemoryNetwork } from './memory-network.ts';
import { type Connection, OUTPUT_HIGH_WATER_BYTES } from './runtime.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualTime } from './virtual-time.ts';

const test = suite('runtime: the network in virtual time');

class End {
  readonly connection: Connection;
  text = '';
  chunks = 0;
  closed: string | undefined;
  drains = 0;
  keepsOpen = false;

  constructor(connection: Connection, begin = true) {
    this.connection = connection;
    if (begin) this.start();
  }

  start(): void {
    this.connection.start({
      onData: chunk => {
        this.text += chunk.toString('latin1');
        this.chunks++;
      },
      onClose: reason => {
        assert.is(this.closed, undefined, 'onClose is called once');
        this.closed = reason;
      },
      onDrain: () => this.drains++,
      onEnd: () => this.keepsOpen,
    });
  }
}

interface Pair {
  time: VirtualTime;
  network: MemoryNetwork;
  hostA: MemoryHost;
  hostB: MemoryHost;
  near: End;
  far: End;
}

/** A connection from `near` on host a to `far` on host b. */
function pair(link: Partial<LinkQuality> = {}, seed = 'test', beginFar = true): Pair {
  const time = new VirtualTime();
  const network = new MemoryNetwork(time, { random: new SeededRandom(seed), link });
  const hostA = network.host('a', new VirtualClock(time));
  const hostB = network.host('b', new VirtualClock(time));
  let near: End | undefined;
  let far: End | undefined;
  hostB.listen(
    { host: '0.0.0.0', port: 2181 },
    {
      onListening: () => {},
      onConnection: connection => {
        far = new End(connection, beginFar);
      },
      onError: error => assert.unreachable(String(error)),
    },
  );
  time.runUntilIdle();
  hostA.connect({ host: 'b', port: 2181 }, 1000, {
    onConnected: connection => {
      near = new End(connection);
    },
    onError: error => assert.unreachable(String(error)),
  });
  time.runUntilIdle();
  return { time, network, hostA, hostB, near: near!, far: far! };
}

function dial(host: MemoryHost, to: { host: string; port: number }, timeoutMs = 1000): { outcome: string } {
  const result = { outcome: 'pending' };
  host.connect(to, timeoutMs, {
    onConnected: () => {
      result.outcome = 'connected';
    },
    onError: error => {
      result.outcome = (error as Error & { code: string }).code;
    },
  });
  return result;
}

const text = (value: string) => Buffer.from(value, 'latin1');

test('bytes arrive in order, whole, after the latency, in one piece for one turn', () => {
  const { time, near, far } = pair({ latencyMs: 7 });
  const sentAt = time.nowMs;
  near.connection.write(text('abc'));
  near.connection.write(text('xdefx'), 1, 4);
  time.runUntilIdle();
  assert.is(far.text, 'abcdef');
  assert.is(far.chunks, 1);
  assert.is(time.nowMs, sentAt + 7);
});

test('an uplink sends one byte after the other, to whatever host they go', () => {
  const time = new VirtualTime();
  const network = new MemoryNetwork(time, { link: { latencyMs: 5 }, uplinkBytesPerMs: 100 });
  const order = () => ({ lastArrivalMs: 0 });
  const arrivals: string[] = [];
  const arrive = (what: string) => () => arrivals.push(`${what} at ${time.nowMs}`);
  network.link('a', 'b').send(order(), arrive('300 bytes'), 300);
  network.link('a', 'c').send(order(), arrive('100 bytes behind them'), 100);
  network.link('b', 'a').send(order(), arrive('100 bytes of another host'), 100);
  network.link('a', 'a').send(order(), arrive('loopback'), 1_000);
  time.runUntilIdle();
  assert.equal(arrivals, [
    'loopback at 0.1',
    '100 bytes of another host at 6',
    '300 bytes at 8',
    '100 bytes behind them at 9',
  ]);
});

test('jitter, loss and splitting never reorder or lose bytes of a connection', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 50 }), { maxLength: 30 }), fc.nat(), (messages, seed) => {
      const link = { jitterMs: 20, lossProbability: 0.3, splitProbability: 0.8 };
      const { time, near, far } = pair(link, `seed ${seed}`);
      for (const message of messages) {
        near.connection.write(Buffer.from(message));
        time.advance(1);
      }
      time.runUntilIdle();
      assert.is(Buffer.from(far.text, 'latin1').toString(), messages.join(''));
    }),
    { numRuns: 50 },
  );
});

test('a splitting link cuts one write into several chunks', () => {
  const { time, near, far } = pair({ splitProbability: 1 });
  near.connection.write(Buffer.alloc(1000, 'x'));
  time.runUntilIdle();
  assert.is(far.text.length, 1000);
  assert.ok(far.chunks > 1);
});

test('a chunk belongs to its receiver: the sender may reuse its buffer at once', () => {
  const { time, near, far } = pair();
  const buffer = text('first');
  near.connection.write(buffer);
  buffer.fill('!');
  time.runUntilIdle();
  assert.is(far.text, 'first');
});

test('data waits until start(), and while paused', () => {
  const { time, near, far } = pair({}, 'test', false);
  near.connection.write(text('early'));
  time.runUntilIdle();
  assert.is(far.text, '');
  far.start();
  assert.is(far.text, '', 'start() does not call back inside');
  time.runUntilIdle();
  assert.is(far.text, 'early');
  far.connection.pause();
  near.connection.write(text(' late'));
  time.runUntilIdle();
  assert.is(far.text, 'early');
  far.connection.resume();
  time.runUntilIdle();
  assert.is(far.text, 'early late');
});

test('write answers false above the high-water mark and onDrain follows when the reader has read', () => {
  const { time, near, far } = pair();
  far.connection.pause();
  const megabyte = Buffer.alloc(OUTPUT_HIGH_WATER_BYTES, 'm');
  assert.ok(near.connection.write(megabyte));
  assert.not(near.connection.write(megabyte));
  time.runUntilIdle();
  assert.is(
    near.connection.bytesQueued,
    2 * megabyte.length - WINDOW_BYTES,
    'the window bounds what is under way',
  );
  assert.is(near.drains, 0);
  far.connection.resume();
  time.runUntilIdle();
  assert.is(near.drains, 1);
  assert.is(near.connection.bytesQueued, 0);
  assert.is(far.text.length, 2 * megabyte.length);
});

test('end() delivers what was written, then both sides close', () => {
  const { time, near, far, hostA, hostB } = pair({ latencyMs: 3 });
  near.connection.write(text('last words'));
  near.connection.end();
  near.connection.write(text('ignored'));
  time.runUntilIdle();
  assert.is(far.text, 'last words');
  assert.is(far.closed, 'closed by peer');
  assert.is(near.closed, 'closed here');
  assert.is(hostA.connectionCount + hostB.connectionCount, 0);
});

test('an end() that the peer never answers closes after the linger time', () => {
  const { time, near, network } = pair();
  network.cut('b', 'a', 'blackhole');
  const endedAt = time.nowMs;
  near.connection.end();
  time.runUntilIdle();
  assert.is(near.closed, 'closed here');
  assert.ok(Math.abs(time.nowMs - endedAt - END_LINGER_MS) < 1);
});

test('an end may keep writing to a peer that has finished; both close when it has finished too', () => {
  const { time, near, far } = pair({}, 'test', false);
  far.keepsOpen = true;
  far.start();
  near.connection.write(Buffer.from('wchp'));
  near.connection.end();
  time.advance(10);
  assert.equal([far.text, far.closed], ['wchp', undefined]);
  far.connection.write(Buffer.from('answer'));
  time.advance(10);
  far.connection.end();
  time.runUntilIdle();
  assert.equal([far.closed, near.closed], ['closed here', 'closed here']);
});

test('limitIdle ends a connection after that long without a byte either way, and not before', () => {
  const { time, near, far } = pair();
  const large = Buffer.alloc(4 * WINDOW_BYTES);
  far.connection.limitIdle(1000);
  time.advance(900);
  near.connection.write(Buffer.from('x'));
  time.advance(900);
  far.connection.write(large);
  near.connection.pause();
  time.advance(900);
  assert.is(far.closed, undefined);
  near.connection.resume();
  time.advance(1);
  near.connection.pause();
  time.advance(900);
  assert.is(far.closed, undefined, 'what was read made room');
  time.advance(200);
  assert.is(far.closed, 'no byte was sent or taken for 1000 ms');
});

test('field report B4: a peer that reads after a pause gets everything written before end()', () => {
  const { time, near, far } = pair();
  far.connection.pause();
  const bytes = Buffer.alloc(10 * WINDOW_BYTES, 'x');
  near.connection.write(bytes);
  near.connection.end();
  for (let round = 0; round < 9; round++) {
    time.advance(END_STALLED_MS / 2);
    assert.is(near.closed, undefined, `after ${round + 1} pauses`);
    far.connection.resume();
    time.advance(0.05);
    far.connection.pause();
  }
  far.connection.resume();
  time.runUntilIdle();
  assert.is(far.text.length, bytes.length);
  assert.equal([near.closed, far.closed], ['closed here', 'closed by peer']);
});

test('field report B4: a peer that reads late gets what the kernel had at the end; one that never reads is given up', () => {
  const late = pair();
  late.far.connection.pause();
  late.near.connection.write(Buffer.alloc(WINDOW_BYTES, 'x'));
  late.near.connection.end();
  late.time.advance(10 * END_LINGER_MS);
  assert.is(late.near.closed, 'closed here');
  late.far.connection.resume();
  late.time.runUntilIdle();
  assert.equal([late.far.text.length, late.far.closed], [WINDOW_BYTES, 'closed by peer']);

  const never = pair();
  never.far.connection.pause();
  never.near.connection.write(Buffer.alloc(2 * WINDOW_BYTES, 'x'));
  never.near.connection.end();
  never.time.advance(END_STALLED_MS - END_LINGER_MS);
  assert.is(never.near.closed, undefined);
  never.time.advance(2 * END_LINGER_MS);
  assert.is(never.near.closed, 'closed here');
});

test('a peer that sends no more may still read: the owner is told and decides when to end; without a handler the connection ends after its output', () => {
  const told = pair({}, 'test', false);
  let ends = 0;
  let closed = '';
  told.far.connection.start({
    onData() {},
    onEnd: () => {
      ends++;
      return true;
    },
    onClose: reason => {
      closed = reason;
    },
  });
  told.near.connection.end();
  told.time.advance(1);
  assert.equal([ends, closed], [1, '']);
  told.far.connection.end();
  told.time.runUntilIdle();
  assert.equal([ends, closed, told.near.closed], [1, 'closed here', 'closed here']);

  const { time, near, far } = pair();
  const bytes = Buffer.alloc(10 * WINDOW_BYTES, 'x');
  far.connection.write(bytes);
  near.connection.pause();
  near.connection.end();
  near.connection.pause();
  time.advance(100);
  assert.is(far.closed, undefined, 'it still has what the peer has not read');
  near.connection.resume();
  time.runUntilIdle();
  assert.is(far.closed, 'closed by peer');
});

test('destroy() drops what is queued, keeps its reason here and resets the peer', () => {
  const { time, near, far } = pair();
  near.connection.write(text('queued'));
  near.connection.destroy('bad frame');
  assert.is(near.closed, undefined, 'not inside the call');
  time.runUntilIdle();
  assert.is(near.closed, 'bad frame');
  assert.is(far.closed, 'ECONNRESET');
  assert.is(far.text, '');
});

test('nobody listening: refused; a listener that closed: refused; port taken: EADDRINUSE', () => {
  const { time, hostA, hostB } = pair();
  const nobody = dial(hostA, { host: 'b', port: 9 });
  const unknown = dial(hostA, { host: 'nowhere', port: 9 });
  const errors: string[] = [];
  const events = { onListening: () => {}, onConnection: () => {} };
  hostB.listen({ host: 'b', port: 2181 }, { ...events, onError: error => errors.push(error.message) });
  const other = hostB.listen({ host: 'b', port: 0 }, { ...events, onError: () => assert.unreachable() });
  time.runUntilIdle();
  const open = dial(hostA, { host: 'b', port: other.port });
  time.runUntilIdle();
  other.close();
  const closed = dial(hostA, { host: 'b', port: other.port });
  time.runUntilIdle();
  assert.equal(
    [nobody, unknown, open, closed].map(d => d.outcome),
    ['ECONNREFUSED', 'ECONNREFUSED', 'connected', 'ECONNREFUSED'],
  );
  assert.match(errors[0] ?? '', /EADDRINUSE/);
});

test('a listener closed before it ever listened frees its port and says nothing', () => {
  const { time, hostB } = pair();
  const events = { onConnection: () => {}, onError: () => assert.unreachable() };
  hostB.listen({ host: 'b', port: 2888 }, { ...events, onListening: () => assert.unreachable() }).close();
  let listening = 0;
  hostB.listen({ host: 'b', port: 2888 }, { ...events, onListening: () => listening++ });
  time.runUntilIdle();
  assert.is(listening, 1);
});

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

test('a host is itself under loopback names, and no other', () => {
  const { time, hostB } = pair();
  const own = dial(hostB, { host: '127.0.0.1', port: 2181 });
  const errors: string[] = [];
  hostB.listen(
    { host: 'a', port: 1 },
    { onListening: () => {}, onConnection: () => {}, onError: error => errors.push(error.message) },
  );
  time.runUntilIdle();
  assert.is(own.outcome, 'connected');
  assert.match(errors[0] ?? '', /EADDRNOTAVAIL/);
});
