import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { highOf, joinId, LongMap, lowOf } from './long-map.ts';

const test = suite('wire: 64-bit ids in two halves');

test('an id and its halves, signs included', () => {
  for (const id of [0n, 1n, -1n, 0x0100_0000_8000_0000n, -(1n << 63n), (1n << 63n) - 1n]) {
    assert.is(joinId(highOf(id), lowOf(id)), id, `${id}`);
  }
  assert.equal([highOf(-1n), lowOf(-1n)], [-1, -1]);
});

test('property: a LongMap is a Map of bigints', () => {
  const key = fc.constantFrom(0n, 1n, -1n, 1n << 32n, (1n << 32n) + 1n, -(1n << 63n));
  const step = fc.tuple(fc.constantFrom('set', 'delete'), key, fc.integer());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const map = new LongMap<number>();
      const twin = new Map<bigint, number>();
      for (const [what, id, value] of steps) {
        if (what === 'set') {
          map.set(highOf(id), lowOf(id), value);
          twin.set(id, value);
        } else {
          assert.is(map.delete(highOf(id), lowOf(id)), twin.delete(id));
        }
        assert.is(map.size, twin.size);
        assert.is(map.get(highOf(id), lowOf(id)), twin.get(id));
      }
      assert.equal([...map.values()].sort(), [...twin.values()].sort());
    }),
  );
});
