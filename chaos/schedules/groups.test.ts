import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { groupsOf } from './groups.ts';

const test = suite('chaos/schedules: groups');

test('faults that overlap, also through others, stay together, and all others are apart', () => {
  const steps = [
    { atMs: 9_000, forMs: 1_000 },
    { atMs: 0, forMs: 3_000 },
    { atMs: 4_000, forMs: 2_000 },
    { atMs: 2_000, forMs: 2_500 },
    { atMs: 6_000, forMs: 1_000 },
  ];
  const groups = groupsOf(steps).map(group => [group.fromMs, group.steps.map(({ atMs }) => atMs)]);
  assert.equal(groups, [
    [0, [0, 2_000, 4_000]],
    [6_000, [6_000]],
    [9_000, [9_000]],
  ]);
});

test('no fault is lost, and no two groups are in force at a time', () => {
  const step = fc.record({ atMs: fc.nat(100), forMs: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const groups = groupsOf(steps);
      assert.is(groups.flatMap(group => group.steps).length, steps.length);
      for (const [at, group] of groups.entries())
        for (const other of groups.slice(at + 1))
          assert.ok(group.steps.every(({ atMs, forMs }) => atMs + forMs <= other.fromMs));
    }),
  );
});
