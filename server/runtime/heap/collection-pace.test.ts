import { assert, suite } from '#test';
import { CollectionPace } from './collection-pace.ts';

const test = suite('runtime: major collections under large values');

const MIB = 2 ** 20;
/** Collections that come often, at these times. */
const OFTEN_MS = [0, 100, 200, 300, 400, 500, 600, 700];
const BEFORE_LAST = [0, 0, 0, 0, 0, 0, 0];

/** What is decided at major collections at these times. */
function decided(pace: CollectionPace, timesMs: readonly number[], heapUsedBytes = 32 * MIB): number[] {
  return timesMs.map(ms => pace.collected(ms, heapUsedBytes));
}

test('V8 decides while major collections are rare', () => {
  assert.equal(decided(new CollectionPace(), [0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400]), [
    ...BEFORE_LAST,
    0,
    0,
  ]);
});

test('when they come often, the heap may grow by 32 MiB until the next, whatever its size', () => {
  assert.equal(decided(new CollectionPace(), [...OFTEN_MS, 2700]), [...BEFORE_LAST, 100, 100]);
  const pace = new CollectionPace();
  decided(pace, OFTEN_MS);
  assert.is(pace.collected(800, 64 * MIB), 50);
  assert.is(pace.collected(900, 16 * MIB), 200);
});

test('V8 decides about a large heap, which may grow by as much in any case', () => {
  const pace = new CollectionPace();
  assert.equal(decided(pace, OFTEN_MS, 129 * MIB), [...BEFORE_LAST, 0]);
  assert.is(pace.collected(800, 128 * MIB), 25);
  assert.is(pace.collected(900, 200 * MIB), 0);
});

test('V8 decides again after five seconds without a major collection', () => {
  const pace = new CollectionPace();
  decided(pace, OFTEN_MS);
  assert.is(pace.check(5_600), 100);
  assert.is(pace.check(5_700), 0);
  assert.equal(decided(pace, [5_800, 5_900, 6_000]), [0, 0, 0], 'the early ones count no more');
});
