import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { END_LINGER_MS, END_STALLED_MS } from '../linger.ts';
import { OUTPUT_HIGH_WATER_BYTES } from '../runtime.ts';
import { WINDOW_BYTES } from './memory-connection.ts';
import { dial, pair, text } from './memory-network.test-kit.ts';
import { MemoryNetwork } from './memory-network.ts';
import { VirtualTime } from './virtual-time.ts';

const test = suite('runtime: the network in virtual time');

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
