import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { fairBinomial, normalCdf, seededRandom } from './distributions.ts';
import { median, medianIntervalRank } from './summary.ts';

const test = suite('stats: summary');

test('ranks of the median interval match the published table (95 %)', () => {
  const table = { 5: 0, 6: 1, 8: 1, 9: 2, 10: 2, 12: 3, 15: 4, 20: 6, 25: 8, 30: 10, 50: 18, 100: 40 };
  for (const [n, rank] of Object.entries(table))
    assert.is(medianIntervalRank(Number(n), 0.95), rank, `n=${n}`);
});

test('the normal distribution matches its table', () => {
  const table = { 0: 0.5, 1: 0.841344746068543, 1.959963984540054: 0.975, [-3]: 0.00134989803163009 };
  for (const [z, p] of Object.entries(table)) assert.ok(Math.abs(normalCdf(Number(z)) - p) < 1e-13, z);
  assert.ok(Math.abs(normalCdf(-8) / 6.22096057427178e-16 - 1) < 1e-6);
});

test('tosses of a fair coin match the triangle of Pascal', () => {
  const chances = fairBinomial(10);
  for (const [k, count] of [1, 10, 45, 120, 210, 252].entries()) {
    assert.ok(Math.abs(chances[k]! - count / 1024) < 1e-14);
  }
});

test('an interval contains the median, whatever the samples', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 60 }), samples => {
      const { value, low, high, n } = median(samples);
      const below = samples.filter(sample => sample < value).length;
      const above = samples.filter(sample => sample > value).length;
      assert.ok(low <= value && value <= high);
      assert.ok(below <= n / 2 && above <= n / 2);
    }),
  );
});

test('with few samples the interval is open, and a warning says so', () => {
  assert.equal(median([1, 2, 3]).warnings, ['FEW', 'UNBOUNDED']);
  assert.is(median([1, 2, 3]).high, Infinity);
  assert.is(median([1, 2, 3, 4]).low, -Infinity);
  assert.equal(median([]).warnings, ['EMPTY']);
  const { low, high, confidence } = median([1, 2, 3, 4, 5]);
  assert.equal([low, high, confidence], [1, 5, 0.9375]);
  assert.equal(median([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).warnings, []);
});

/**
 * The share of 4000 samples from a skewed distribution with a known median whose interval contains that
 * median.
 */
function coverage(rankOf: (n: number) => number, n: number): number {
  const random = seededRandom(7);
  let held = 0;
  for (let round = 0; round < 4_000; round++) {
    const sorted = Array.from({ length: n }, () => -Math.log(random())).sort((a, b) => a - b);
    const rank = rankOf(n);
    if (sorted[rank - 1]! <= Math.LN2 && Math.LN2 <= sorted[n - rank]!) held++;
  }
  return held / 4_000;
}

test('a 95 % interval covers at least 95 %; planted: one rank further in does not, and is caught', () => {
  for (const n of [6, 11, 20]) {
    assert.ok(coverage(size => medianIntervalRank(size, 0.95), n) > 0.945, `n=${n}`);
    assert.ok(coverage(size => medianIntervalRank(size, 0.95) + 1, n) < 0.945, `planted, n=${n}`);
  }
});
