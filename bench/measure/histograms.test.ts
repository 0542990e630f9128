import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { LATENCY_US_MAX, LatencyHistogram, type Percentiles } from './histograms.ts';

const test = suite('load: histograms');

function of(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.recordUs(value);
  return histogram;
}

const latencies = fc.array(fc.integer({ min: 0, max: LATENCY_US_MAX }), { minLength: 10, maxLength: 300 });

test('percentiles appear only with enough samples', () => {
  const names = (n: number) =>
    Object.keys(of(new Array(n).fill(5)).percentiles()).filter(name => /^p\d/.test(name));
  assert.equal(names(9), []);
  assert.equal(names(10), ['p50Us']);
  assert.equal(names(199), ['p50Us', 'p90Us']);
  assert.equal(names(999), ['p50Us', 'p90Us', 'p95Us']);
  assert.equal(names(1_000), ['p50Us', 'p90Us', 'p95Us', 'p99Us']);
  assert.equal(names(9_999), ['p50Us', 'p90Us', 'p95Us', 'p99Us']);
  assert.equal(names(10_000), ['p50Us', 'p90Us', 'p95Us', 'p99Us', 'p999Us']);
  assert.equal(of([]).percentiles(), { n: 0, clipped: 0 });
});

test('the median equals that of the sorted samples to three digits', () => {
  fc.assert(
    fc.property(latencies, values => {
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.ceil(sorted.length / 2) - 1]!;
      const { p50Us } = of(values).percentiles();
      assert.ok(Math.abs(p50Us! - exact) <= Math.max(1, exact * 0.001), `${p50Us} for ${exact}`);
    }),
    { numRuns: 40 },
  );
});

/**
 * Percentiles are of buckets, so they are equal. Extremes are exact only to three digits once they were
 * encoded.
 */
function same(actual: Percentiles, expected: Percentiles): void {
  const { maxUs: actualMax = 0, meanUs: actualMean = 0, ...others } = actual;
  const { maxUs = 0, meanUs = 0, ...expectedOthers } = expected;
  assert.equal(others, expectedOthers);
  assert.ok(Math.abs(actualMax - maxUs) <= Math.max(1, maxUs * 0.001), `max ${actualMax} for ${maxUs}`);
  assert.ok(Math.abs(actualMean - meanUs) <= Math.max(1, meanUs * 0.001), `mean ${actualMean} for ${meanUs}`);
}

test('merging parts equals recording the whole, and encoding loses nothing', () => {
  fc.assert(
    fc.property(latencies, latencies, (a, b) => {
      const merged = of(a).merge(LatencyHistogram.decode(of(b).encode()));
      same(merged.percentiles(), of([...a, ...b]).percentiles());
      same(LatencyHistogram.decode(merged.encode()).percentiles(), merged.percentiles());
    }),
    { numRuns: 20 },
  );
});

test('a value beyond the range is kept at its end and counted; a negative one is 0', () => {
  const histogram = of([LATENCY_US_MAX * 2, -5]);
  assert.is(histogram.clipped, 1);
  assert.is(histogram.n, 2);
});

test('a histogram whose sample count is false is refused', () => {
  const encoded = of([1, 2, 3]).encode();
  assert.throws(() => LatencyHistogram.decode({ ...encoded, n: 4 }), /claims 4 samples and contains 3/);
});
