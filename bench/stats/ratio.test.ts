import fc from 'fast-check';
import { assert, suite } from '#test';
import { seededRandom } from './distributions.ts';
import { equivalence } from './equivalence.ts';
import { pairedRatio } from './ratio.ts';

const test = suite('stats: ratio and equivalence');

const positive = fc.double({ min: 0.001, max: 1_000, noNaN: true });
const rounds = fc.array(fc.tuple(positive, positive), { minLength: 1, maxLength: 30 });

test('a machine that slows both sides of a round alike changes nothing', () => {
  const a = [100, 50, 20, 80, 10, 5, 30, 70, 60, 40];
  const { value, low, high, warnings } = pairedRatio(
    a,
    a.map(x => x * 1.5),
  );
  assert.equal([value, low, high, warnings], [1.5, 1.5, 1.5, []]);
});

test('an odd number of rounds: swapping the sides inverts ratio and interval', () => {
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
  const { n, warnings } = pairedRatio([1, 2, 0], [2, 4, 6, 8]);
  assert.is(n, 2);
  assert.equal(warnings.slice(0, 2), ['NOT_PAIRED', 'NOT_POSITIVE']);
});

function noisy(centre: number, spread: number, n: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => centre * Math.exp((random() - 0.5) * spread));
}

test('same within the margin, different beyond it, and neither when the noise is too wide', () => {
  const base = noisy(100, 0.02, 20, 1);
  assert.is(equivalence(base, noisy(101, 0.02, 20, 2), 0.05).verdict, 'equivalent');
  assert.is(equivalence(base, noisy(130, 0.02, 20, 3), 0.05).verdict, 'different');
  assert.is(equivalence(base, noisy(101, 1.5, 20, 4), 0.05).verdict, 'not shown');
});

test('planted: "no significant difference" passed off as sameness. Three noisy rounds show nothing', () => {
  const [a, b] = [
    [100, 90, 120],
    [99, 130, 80],
  ];
  const naive = pairedRatio(a!, b!).low <= 1 && pairedRatio(a!, b!).high >= 1 ? 'equivalent' : 'different';
  assert.is(naive, 'equivalent');
  assert.is(equivalence(a!, b!, 0.1).verdict, 'not shown');
});

test('swapping the series never changes the verdict (odd rounds)', () => {
  fc.assert(
    fc.property(rounds, fc.double({ min: 0.01, max: 2, noNaN: true }), (pairs, margin) => {
      const odd = pairs.length % 2 === 1 ? pairs : [...pairs, pairs[0]!];
      const [a, b] = [odd.map(([x]) => x), odd.map(([, y]) => y)];
      assert.is(equivalence(a, b, margin).verdict, equivalence(b, a, margin).verdict);
    }),
  );
});

test('sides that differ by the margin pass at most 5 % of the time', () => {
  let passed = 0;
  for (let seed = 0; seed < 400; seed++) {
    const verdict = equivalence(
      noisy(100, 0.2, 15, seed * 2),
      noisy(110, 0.2, 15, seed * 2 + 1),
      0.1,
    ).verdict;
    if (verdict === 'equivalent') passed++;
  }
  assert.ok(passed / 400 <= 0.07, `${passed} of 400`);
});

test('a margin that is not above zero is refused', () => {
  assert.throws(() => equivalence([1], [1], 0), /margin 0/);
});
