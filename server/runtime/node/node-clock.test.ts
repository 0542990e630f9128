import { MessageChannel } from 'node:worker_threads';
import { assert, suite } from '#test';
import { NodeClock } from './node-clock.ts';

const test = suite('runtime: turns of the loop on Node.js');

const immediate = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test('nothing runs inside the call that registers it', async () => {
  const clock = new NodeClock();
  let ran = 0;
  clock.atEndOfTurn(() => ran++);
  clock.flushAfterTurn(() => ran++);
  clock.after(0, () => ran++);
  assert.is(ran, 0);
  await immediate();
  assert.ok(ran >= 2);
});

test('work at the end of a turn runs in order, then what it queued, then the flushes', async () => {
  const clock = new NodeClock();
  const order: string[] = [];
  clock.flushAfterTurn(() => order.push('flush'));
  clock.atEndOfTurn(() => {
    order.push('a');
    clock.atEndOfTurn(() => {
      order.push('c');
      clock.flushAfterTurn(() => order.push('flush of c'));
    });
  });
  clock.atEndOfTurn(() => order.push('b'));
  await immediate();
  assert.equal(order, ['a', 'b', 'c', 'flush', 'flush of c']);
  assert.is(clock.flushes, 2);
});

test('what a flush queues waits for the next turn', async () => {
  const clock = new NodeClock();
  const order: string[] = [];
  clock.flushAfterTurn(() => {
    order.push('flush');
    clock.atEndOfTurn(() => order.push('work'));
    clock.flushAfterTurn(() => order.push('flush again'));
  });
  await immediate();
  assert.equal(order, ['flush']);
  await immediate();
  assert.equal(order, ['flush', 'work', 'flush again']);
});

test('work for the next turn runs after the loop has polled all sockets; turns are counted', async () => {
  const clock = new NodeClock();
  const order: string[] = [];
  clock.inNextTurn(() => {
    order.push(`next, turn ${clock.turns}`);
    clock.inNextTurn(() => order.push(`the one after, turn ${clock.turns}`));
  });
  clock.atEndOfTurn(() => order.push(`this, turn ${clock.turns}`));
  clock.flushAfterTurn(() => order.push('flush'));
  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => order.push('I/O'));
  await immediate();
  assert.equal(order, ['this, turn 0', 'flush']);
  port2.postMessage('ready now');
  await immediate();
  assert.equal(order.slice(2), ['I/O', 'next, turn 1']);
  await immediate();
  assert.equal(order.slice(4), ['the one after, turn 2']);
  assert.is(clock.turns, 3);
  port1.close();
});

test('one turn costs one callback of the loop, whatever its work queues', async () => {
  const clock = new NodeClock();
  const real = globalThis.setImmediate;
  let asked = 0;
  globalThis.setImmediate = ((run: () => void) => {
    asked++;
    return real(run);
  }) as typeof setImmediate;
  try {
    clock.atEndOfTurn(() => clock.atEndOfTurn(() => clock.flushAfterTurn(() => {})));
    await new Promise<void>(resolve => real(resolve));
    await new Promise<void>(resolve => real(resolve));
  } finally {
    globalThis.setImmediate = real;
  }
  assert.is(asked, 1);
});

test('a cancelled timer does not run, and one that repeats can be cancelled from within', async () => {
  const clock = new NodeClock();
  let cancelled = 0;
  clock.after(1, () => cancelled++).cancel();
  let ticks = 0;
  await new Promise<void>(resolve => {
    const timer = clock.every(1, () => {
      if (++ticks < 3) return;
      timer.cancel();
      clock.after(10, resolve);
    });
  });
  assert.equal([ticks, cancelled], [3, 0]);
});

test('the monotonic clock goes on, the wall clock shows whole milliseconds', () => {
  const clock = new NodeClock();
  const first = clock.monotonicMs();
  assert.ok(clock.monotonicMs() >= first);
  assert.ok(Number.isInteger(clock.wallMs()));
});

test('a delay beyond the limit of Node.js is waited for, not over at once', async () => {
  const clock = new NodeClock();
  const fired: string[] = [];
  const long = [
    clock.after(2 ** 31 + 10, () => fired.push('after')),
    clock.every(2 ** 31 + 10, () => fired.push('every')),
  ];
  await new Promise<void>(resolve => clock.after(20, resolve));
  assert.equal(fired, []);
  for (const timer of long) timer.cancel();
});
