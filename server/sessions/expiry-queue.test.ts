import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { type Expirable, ExpiryQueue } from './expiry-queue.ts';

const test = suite('sessions: the expiry queue');

const TICK_MS = 200;

interface Named extends Expirable {
  readonly name: number;
}

test('a bucket ends at (floor((now + timeout) / tick) + 1) * tick, and expires as a whole, once', () => {
  const queue = new ExpiryQueue<Named>(TICK_MS, 0);
  const [a, b, c] = [1, 2, 3].map(name => ({ name, expiryMs: 0 })) as [Named, Named, Named];
  queue.touch(a, 10, 390);
  queue.touch(b, 10, 580);
  queue.touch(c, 10, 590);
  assert.equal([a.expiryMs, b.expiryMs, c.expiryMs], [600, 600, 800]);
  assert.equal(queue.poll(599.9), []);
  assert.equal(queue.poll(600), [a, b]);
  assert.equal([a.expiryMs, b.expiryMs], [0, 0]);
  assert.equal(queue.poll(10_000), [c]);
  assert.equal(queue.poll(20_000), []);
  assert.is(queue.buckets.size, 0);
});

test('postponed elements expire later by whole ticks, and can be touched and removed as before', () => {
  const queue = new ExpiryQueue<Named>(TICK_MS, 0);
  const [a, b, c] = [1, 2, 3].map(name => ({ name, expiryMs: 0 })) as [Named, Named, Named];
  for (const each of [a, b, c]) queue.touch(each, 0, 500);
  queue.postpone(5 * TICK_MS + 1);
  assert.is(a.expiryMs, 600 + 5 * TICK_MS);
  assert.equal([...queue.buckets.keys()], [a.expiryMs]);
  queue.touch(b, 1_100, 1_000);
  queue.remove(c);
  assert.equal(queue.poll(1_599), []);
  assert.equal(queue.poll(1_600), [a]);
  assert.equal(queue.poll(2_200), [b]);
  assert.is(queue.buckets.size, 0);
});

test('a late poll expires together everything that was due', () => {
  const queue = new ExpiryQueue<Named>(TICK_MS, 0);
  const all = [1, 2, 3, 4, 5].map(name => ({ name, expiryMs: 0 }));
  for (const each of all) queue.touch(each, 0, each.name * 1000);
  assert.equal(queue.poll(60_000), all);
});

test('property: the queue agrees with a naive twin that keeps a list of end times', () => {
  const step = fc.record({
    what: fc.constantFrom('touch', 'touch', 'touch', 'remove', 'poll'),
    name: fc.nat(5),
    waitMs: fc.constantFrom(0, 1, 99, 100, 200, 201, 1000),
    timeoutMs: fc.constantFrom(0, 1, 200, 399, 400, 1000, 4000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 17, 12_345.6), (steps, startMs) => {
      let nowMs = startMs;
      const queue = new ExpiryQueue<Named>(TICK_MS, nowMs);
      const all = [0, 1, 2, 3, 4, 5].map(name => ({ name, expiryMs: 0 }));
      const ends = new Map<number, number>();
      for (const { what, name, waitMs, timeoutMs } of steps) {
        nowMs += waitMs;
        if (what === 'touch') {
          queue.touch(all[name]!, nowMs, timeoutMs);
          ends.set(name, (Math.floor((nowMs + timeoutMs) / TICK_MS) + 1) * TICK_MS);
        } else if (what === 'remove') {
          queue.remove(all[name]!);
          ends.delete(name);
        } else {
          const due = [...ends].filter(([, end]) => end <= nowMs).map(([each]) => each);
          for (const each of due) ends.delete(each);
          const expired = queue.poll(nowMs).map(each => each.name);
          assert.equal(expired.sort(), due.sort());
        }
        assert.equal(
          all.map(({ expiryMs }) => expiryMs),
          all.map(each => ends.get(each.name) ?? 0),
        );
        const members = [...queue.buckets.values()].reduce((sum, bucket) => sum + bucket.size, 0);
        assert.is(members, ends.size, 'no element is in two buckets, and no bucket is empty');
        assert.ok([...queue.buckets.values()].every(bucket => bucket.size > 0));
      }
    }),
    { numRuns: 500 },
  );
});
