import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { assert, suite } from '#test';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import type { Measurement } from '../../results/schema.ts';
import { percentileCurve } from './percentiles.ts';

const test = suite('dashboards: percentiles');

function withSamples(count: number, unit: 'us' | 'ms' = 'us'): Measurement {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 3,
  });
  for (let value = 1; value <= count; value += 1) histogram.recordValue(value);
  return {
    ...minimalResult().measurements[0]!,
    histogram: { encoded: encodeIntoCompressedBase64(histogram), unit },
  };
}

const lastPercentile = (count: number) => percentileCurve(withSamples(count))!.points.at(-1)?.[0];

test('no p99.9 from fewer than 10,000 samples', () => {
  assert.is(lastPercentile(10_000), 99.9);
  assert.ok(lastPercentile(9_999)! < 99.9);
  assert.is(lastPercentile(20), 50);
  assert.is(lastPercentile(9), undefined);
});

test('values are in ms, whatever the recorded unit', () => {
  const median = (unit: 'us' | 'ms') =>
    percentileCurve(withSamples(1000, unit))!.points.find(([percentile]) => percentile === 50)![1];
  assert.ok(Math.abs(median('us') - 0.5) < 0.01);
  assert.ok(Math.abs(median('ms') - 500) < 10);
});

test('without a histogram there is no curve; with a broken one the measurement is named', () => {
  assert.is(percentileCurve(minimalResult().measurements[0]!), null);
  const broken = { ...withSamples(1), histogram: { encoded: 'AAAA', unit: 'us' as const } };
  assert.throws(() => percentileCurve(broken), /histogram of measurement "m1"/);
});
