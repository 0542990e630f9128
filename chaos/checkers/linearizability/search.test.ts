import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { type Interval, search } from './search.ts';
import { isLinearizableByForce } from './testing/brute-force.ts';
import { PUBLIC_HISTORIES } from './testing/public-histories.ts';
import { registerHistory, registerModel } from './testing/register-model.ts';
import { ABSENT, type ZnodeOp, type ZnodeStep, znodeModel, znodeModelOf } from './znode-model.ts';

const test = suite('checkers/linearizability: the search');
const LIMITS = { configurationsMax: 100_000 };

for (const { name, isLinearizable, text } of PUBLIC_HISTORIES) {
  test(`${name} is ${isLinearizable ? 'linearizable' : 'illegal'}, as its authors say`, () => {
    const verdict = search(registerModel, null, registerHistory(text), LIMITS);
    assert.is(verdict, isLinearizable ? 'linearizable' : 'illegal');
  });
}

const value = fc.constantFrom('a', 'b', null);
const expected = fc.integer({ min: -1, max: 2 });
const version = fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined });
const step: fc.Arbitrary<ZnodeStep> = fc.oneof(
  fc.record({ f: fc.constant('create' as const), value }),
  fc.record({ f: fc.constant('setData' as const), value, expected, version }),
  fc.record({ f: fc.constant('setData' as const), value, expected: fc.constant(-1) }),
  fc.record({ f: fc.constant('delete' as const), expected }),
  fc.record({ f: fc.constant('found' as const), value, version }),
  fc.record({ f: fc.constant('check' as const), expected }),
  fc.record({ f: fc.constant('otherVersion' as const), expected }),
  fc.constant({ f: 'missed' as const }),
);
const interval: fc.Arbitrary<Interval<ZnodeOp>> = fc
  .record({
    op: fc.oneof(
      { weight: 5, arbitrary: step.map(one => [one]) },
      fc.array(step, { minLength: 2, maxLength: 2 }),
    ),
    from: fc.nat(10),
    lasts: fc.option(fc.nat(8), { nil: undefined, freq: 4 }),
  })
  .map(({ op, from, lasts }) => ({ op, from, to: lasts === undefined ? undefined : from + lasts }));
/** A read comes behind one of the answered operations before it in the list. */
function numbered(intervals: readonly Interval<ZnodeOp>[]): Interval<ZnodeOp>[] {
  return intervals.map((each, id) => {
    const earlier = intervals.findLastIndex(({ to }, at) => at < id && to !== undefined);
    const isBound = znodeModel.isPure(each.op) && earlier >= 0 && each.from % 2 === 0;
    return { ...each, id, ...(isBound && { behind: earlier }) };
  });
}

test('random small histories of a znode are judged as by trying every order', () => {
  const seen = { linearizable: 0, illegal: 0, undecided: 0 };
  const initial = fc.constantFrom(ABSENT, { value: 'a', version: 0 }, { value: 'b', version: 1 });
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 6 }).map(numbered), initial, (intervals, state) => {
      const verdict = search(znodeModelOf(intervals), state, intervals, LIMITS);
      seen[verdict]++;
      assert.is(verdict, isLinearizableByForce(znodeModel, state, intervals) ? 'linearizable' : 'illegal');
    }),
    { numRuns: 4_000 },
  );
  assert.ok(seen.linearizable > 400 && seen.illegal > 400, JSON.stringify(seen));
});

test('random small histories of a register are judged as by trying every order', () => {
  const digit = fc.nat(2);
  const op = fc.oneof(
    fc.record({ f: fc.constant('write' as const), value: digit }),
    fc.record({ f: fc.constant('read' as const), value: digit }),
    fc.record({
      ...{ f: fc.constant('cas' as const), from: digit, value: digit },
      isDone: fc.constantFrom(true, false),
    }),
  );
  const lasting = fc
    .record({ op, from: fc.nat(10), lasts: fc.option(fc.nat(8), { nil: undefined, freq: 4 }) })
    .map(({ op, from, lasts }) => ({
      op: lasts === undefined && op.f === 'cas' ? { ...op, isDone: undefined } : op,
      ...{ from, to: lasts === undefined ? undefined : from + lasts },
    }));
  fc.assert(
    fc.property(fc.array(lasting, { maxLength: 7 }), intervals => {
      const verdict = search(registerModel, 0, intervals, LIMITS);
      assert.is(verdict, isLinearizableByForce(registerModel, 0, intervals) ? 'linearizable' : 'illegal');
    }),
    { numRuns: 2_000 },
  );
});

test('an order that was built is found again, however the operations overlap', () => {
  const steps = fc.array(
    fc.record({ kind: fc.nat(3), before: fc.nat(6), behind: fc.nat(6), isKnown: fc.boolean() }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, all => {
      let version = 0;
      const intervals = all.map(({ kind, before, behind, isKnown }, at): Interval<ZnodeOp> => {
        const span = { from: at * 2 - before, to: isKnown || kind === 0 ? at * 2 + behind : undefined };
        if (kind === 0) return { ...span, op: [{ f: 'found', value: `${version}`, version }] };
        version++;
        return {
          ...span,
          op: [{ f: 'setData', value: `${version}`, expected: kind === 1 ? version - 1 : -1 }],
        };
      });
      assert.is(search(znodeModel, { value: '0', version: 0 }, intervals, LIMITS), 'linearizable');
    }),
    { numRuns: 300 },
  );
});

test('a search that reaches its limit is undecided, whatever the answer would be', () => {
  const writes = Array.from(
    { length: 12 },
    (_, at): Interval<ZnodeOp> => ({
      op: [{ f: 'setData', value: `${at}`, expected: -1 }],
      ...{ from: 0, to: 100 },
    }),
  );
  const impossible: Interval<ZnodeOp> = { op: [{ f: 'found', value: 'never' }], from: 0, to: 100 };
  const initial = { value: '', version: 0 };
  assert.is(search(znodeModel, initial, [...writes, impossible], { configurationsMax: 500 }), 'undecided');
  assert.is(search(znodeModel, initial, [...writes, impossible], { configurationsMax: 200_000 }), 'illegal');
});

test('writes that nobody read and whose outcome is unknown stand for one another', () => {
  const open = Array.from(
    { length: 200 },
    (): Interval<ZnodeOp> => ({
      op: [{ f: 'setData', value: 'unread', expected: -1 }],
      ...{ from: 0, to: undefined },
    }),
  );
  const read: Interval<ZnodeOp> = { op: [{ f: 'found', version: 150 }], from: 1, to: 2 };
  const initial = { value: '', version: 0 };
  assert.is(search(znodeModel, initial, [...open, read], { configurationsMax: 2_000 }), 'linearizable');
  const beyond: Interval<ZnodeOp> = { op: [{ f: 'found', version: 201 }], from: 1, to: 2 };
  assert.is(search(znodeModel, initial, [...open, beyond], { configurationsMax: 2_000 }), 'illegal');
});

test('without a delete, a version that has passed ends a branch: late writes of unknown outcome are placed', () => {
  // Twenty clients got no answer. The last of their writes took effect first, as reads show.
  const count = 20;
  const late = Array.from({ length: count }, (_, at) => ({ value: `late ${at}`, version: (count - at) * 2 }));
  const all = late.flatMap(({ value, version }, at): Interval<ZnodeOp>[] => [
    { op: [{ f: 'setData', value, expected: -1 }], from: at, to: undefined },
    { op: [{ f: 'found', value, version }], from: 100 + version * 10, to: 105 + version * 10 },
    {
      op: [{ f: 'setData', value: 'answered', expected: -1, version: version + 1 }],
      ...{ from: 106 + version * 10, to: 109 + version * 10 },
    },
  ]);
  const initial = { value: '', version: 1 };
  assert.is(search(znodeModel, initial, all, { configurationsMax: 20_000 }), 'undecided');
  assert.is(search(znodeModelOf(all), initial, all, { configurationsMax: 20_000 }), 'linearizable');
});
