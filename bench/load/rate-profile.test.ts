import { assert, suite } from '#test';
import { seededRandom } from '../stats/distributions.ts';
import type { ArrivalKind } from './arrivals.ts';
import { profileArrivals, profileMs, type RateSegment } from './rate-profile.ts';

const test = suite('load: rates that change');

const RAMP: RateSegment[] = [{ fromPerSecond: 100, toPerSecond: 1_900, forMs: 10_000 }];
const STEPS: RateSegment[] = [
  { fromPerSecond: 100, toPerSecond: 100, forMs: 1_000 },
  { fromPerSecond: 2_000, toPerSecond: 2_000, forMs: 500 },
  { fromPerSecond: 50, toPerSecond: 50, forMs: 2_000 },
];

/** Starts before `untilMs`. */
function startsOf(segments: readonly RateSegment[], kind: ArrivalKind, untilMs: number): number[] {
  const next = profileArrivals(segments, kind, seededRandom(4));
  const starts: number[] = [];
  for (let at = next(); at < untilMs; at = next()) starts.push(at);
  return starts;
}

const countBetween = (starts: readonly number[], fromMs: number, toMs: number) =>
  starts.filter(at => at >= fromMs && at < toMs).length;

test('a ramp begins at one rate, ends at the other, and has the requests of its mean', () => {
  const starts = startsOf(RAMP, 'constant', 10_000);
  assert.is(starts.length, 10_000);
  assert.is(starts[0], 0);
  assert.ok(Math.abs(countBetween(starts, 0, 1_000) - 190) <= 1);
  assert.ok(Math.abs(countBetween(starts, 9_000, 10_000) - 1_810) <= 1);
  assert.ok(starts.every((at, i) => i === 0 || at > starts[i - 1]!));
});

test('each step has its own rate, and the last one holds', () => {
  const starts = startsOf(STEPS, 'constant', 5_500);
  assert.is(profileMs(STEPS), 3_500);
  assert.is(countBetween(starts, 0, 1_000), 100);
  assert.is(countBetween(starts, 1_000, 1_500), 1_000);
  assert.is(countBetween(starts, 1_500, 3_500), 100);
  assert.is(countBetween(starts, 3_500, 5_500), 100);
});

test('a falling ramp ends in finite times', () => {
  const starts = startsOf([{ fromPerSecond: 1_000, toPerSecond: 1, forMs: 2_000 }], 'constant', 4_000);
  assert.ok(starts.every(Number.isFinite));
  assert.ok(Math.abs(countBetween(starts, 0, 2_000) - 1_001) <= 1);
});

test('Poisson arrivals follow the profile, and scatter', () => {
  const starts = startsOf(RAMP, 'poisson', 10_000);
  assert.ok(Math.abs(starts.length - 10_000) < 5 * Math.sqrt(10_000), `${starts.length}`);
  const half = countBetween(starts, 0, 5_000);
  assert.ok(Math.abs(half - 2_750) < 5 * Math.sqrt(2_750), `${half} in the first half`);
  const counts = Array.from({ length: 100 }, (_, i) => countBetween(starts, 9_000 + i * 10, 9_010 + i * 10));
  const mean = counts.reduce((a, b) => a + b) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  assert.ok(variance > mean / 2, `variance ${variance} of mean ${mean}`);
});
