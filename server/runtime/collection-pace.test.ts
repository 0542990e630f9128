import { assert, suite } from '#test';
import { CollectionPace } from './collection-pace.ts';

const test = suite('runtime: major collections under large values');

const MIB = 2 ** 20;

/** What is decided at major collections at these times. */
function decided(pace: CollectionPace, timesMs: readonly number[], heapUsedBytes = 32 * MIB): number[] {
  return timesMs.map(ms => pace.collected(ms, heapUsedBytes));
}

test('V8 decides while major collections are rare', () => {
  assert.equal(decided(new CollectionPace(), [0, 700, 1400, 2100, 2800, 3500]), [0, 0, 0, 0, 0, 0]);
});

test('when they come often, the heap may grow by 32 MiB until the next, whatever its size', () => {
  assert.equal(decided(new CollectionPace(), [0, 100, 200, 300, 2300]), [0, 0, 0, 100, 100]);
  const pace = new CollectionPace();
  decided(pace, [0, 100, 200, 300]);
  assert.is(pace.collected(400, 64 * MIB), 50);
  assert.is(pace.collected(500, 16 * MIB), 200);
});

test('V8 decides about a large heap, which may grow by as much in any case', () => {
  const pace = new CollectionPace();
  assert.equal(decided(pace, [0, 100, 200, 300], 129 * MIB), [0, 0, 0, 0]);
  assert.is(pace.collected(400, 128 * MIB), 25);
  assert.is(pace.collected(500, 200 * MIB), 0);
});

test('V8 decides again after five seconds without a major collection', () => {
  const pace = new CollectionPace();
  decided(pace, [0, 100, 200, 300]);
  assert.is(pace.check(5_200), 100);
  assert.is(pace.check(5_300), 0);
  assert.equal(decided(pace, [5_400, 5_500, 5_600]), [0, 0, 0], 'the early ones count no more');
});
