import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { pairedRatio } from './ratio.ts';

const test = suite('stats: ratio');

const positive = fc.double({ min: 0.001, max: 1_000, noNaN: true });
const rounds = fc.array(fc.tuple(positive, positive), { minLength: 1, maxLength: 30 });

test('a machine that slows down both sides of a round alike changes nothing', () => {
  const a = [100, 50, 20, 80, 10, 5, 30, 70, 60, 40];
  const { value, low, high, warnings } = pairedRatio(
    a,
    a.map(x => x * 1.5),
  );
  assert.equal([value, low, high, warnings], [1.5, 1.5, 1.5, []]);
});

test('with an odd number of rounds, swapping the sides inverts ratio and interval', () => {
  fc.assert(
    fc.property(rounds, pairs => {
      const odd = pairs.length % 2 === 1 ? pairs : pairs.slice(1);
      fc.pre(odd.length > 0);
      const [a, b] = [odd.map(([x]) => x), odd.map(([, y]) => y)];
      const [one, other] = [pairedRatio(a, b), pairedRatio(b, a)];
      assert.ok(Math.abs(one.value * other.value - 1) < 1e-9);
      if (Number.isFinite(one.high)) assert.ok(Math.abs(one.high * other.low - 1) < 1e-9);
    }),
  );
});

test('rounds without a partner, or without a ratio, are left out and named', () => {
  const { n, warnings } = pairedRatio([1, 2, 0], [2, 4, 0, 8]);
  assert.is(n, 2);
  assert.equal(warnings.slice(0, 2), ['NOT_PAIRED', 'NO_RATIO']);
});

test('planted: leaving out rounds in which one side did nothing would hide an outage', () => {
  const [healthy, outage] = [
    [100, 100, 100, 100, 100],
    [0, 0, 0, 99, 101],
  ];
  assert.is(pairedRatio(healthy!, outage!).value, 0);
  assert.is(pairedRatio(outage!, healthy!).value, Number.POSITIVE_INFINITY);
});
