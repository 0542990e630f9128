import { assert, suite } from '#test';
import { seededRandom } from '../stats/distributions.ts';
import { type RateSearchOptions, searchRate, sweepDepths, type WindowVerdict } from './rate-search.ts';

const test = suite('workload runs: the search for a rate');

const OPTIONS: RateSearchOptions = {
  startPerSecond: 8_000,
  lowestPerSecond: 20,
  highestPerSecond: 100_000,
  toleranceShare: 0.05,
  windowsMax: 40,
};

/** A server with one queue: its p99 grows without bound as the rate nears its capacity. */
function serverOf(capacity: number, boundMs: number, isWrong: () => boolean = () => false) {
  return async (rate: number): Promise<WindowVerdict> => {
    const p99Ms = rate >= capacity ? Number.POSITIVE_INFINITY : (1_000 / (capacity - rate)) * Math.log(100);
    return p99Ms <= boundMs !== isWrong() ? 'pass' : 'fail';
  };
}

/** The highest rate with p99 = ln(100) / (capacity - rate) seconds below the bound. */
const truthOf = (capacity: number, boundMs: number) => capacity - (1_000 * Math.log(100)) / boundMs;

test('the rate is found within the tolerance, wherever it lies', async () => {
  for (const capacity of [700, 5_000, 9_000, 60_000])
    for (const boundMs of [10, 100]) {
      const truth = truthOf(capacity, boundMs);
      const { end, passed, failed, windows } = await searchRate(serverOf(capacity, boundMs), OPTIONS);
      const said = `capacity ${capacity}, bound ${boundMs}: ${passed} to ${failed} for ${truth}`;
      assert.is(end, 'found', said);
      assert.ok(passed! <= truth && truth <= failed!, said);
      assert.ok(failed! <= passed! * 1.05, said);
      assert.ok(windows.length <= 24, `${windows.length} windows`);
    }
});

test('a noisy server: a tenth of the windows say the contrary, and four searches in five are still right', async () => {
  const truth = truthOf(5_000, 10);
  const random = seededRandom(8);
  let right = 0;
  for (let run = 0; run < 200; run++) {
    const { passed, windows } = await searchRate(
      serverOf(5_000, 10, () => random() < 0.1),
      OPTIONS,
    );
    assert.ok(windows.length <= OPTIONS.windowsMax);
    if (passed !== undefined && passed > truth / 1.1 && passed < truth * 1.1) right++;
  }
  assert.ok(right >= 160, `${right} of 200 within 10 %`);
});

test('a rate is never called passed by a single lucky window', async () => {
  let lucky = true;
  const { passed, end } = await searchRate(async () => {
    const verdict = lucky ? 'pass' : 'fail';
    lucky = false;
    return verdict;
  }, OPTIONS);
  assert.is(passed, undefined);
  assert.is(end, 'none passes');
});

test('a server that fails or passes at every rate is reported as such', async () => {
  const fails = await searchRate(async () => 'fail', OPTIONS);
  assert.equal([fails.end, fails.passed, fails.failed], ['none passes', undefined, 20]);
  const passes = await searchRate(async () => 'pass', OPTIONS);
  assert.equal([passes.end, passes.passed, passes.failed], ['none fails', 100_000, undefined]);
});

test('a driver at its limit is distinguished from a server at its limit', async () => {
  const { end, passed, failed } = await searchRate(async rate => (rate > 20_000 ? 'void' : 'pass'), OPTIONS);
  assert.is(end, 'void');
  assert.ok(passed! <= 20_000 && failed! > 20_000 && failed! <= passed! * 1.05, `${passed} to ${failed}`);
  const nothing = await searchRate(async () => 'void', OPTIONS);
  assert.equal([nothing.end, nothing.passed], ['void', undefined]);
});

test('the number of windows is bounded, whatever the server does', async () => {
  const random = seededRandom(2);
  const { end, windows } = await searchRate(async () => (random() < 0.5 ? 'pass' : 'fail'), {
    ...OPTIONS,
    toleranceShare: 0.000_001,
  });
  assert.is(windows.length, OPTIONS.windowsMax);
  assert.is(end, 'out of windows');
});

test('the knee of a sweep is the smallest depth with nearly the highest throughput', async () => {
  const saturating = async (depth: number) => ({
    depth,
    okPerSecond: Math.min(20_000, depth * 3_000),
    isVoid: false,
  });
  const { knee, points } = await sweepDepths(saturating, 256);
  assert.is(knee?.depth, 8);
  assert.equal(
    points.map(({ depth }) => depth),
    [1, 2, 4, 8, 16, 32],
  );
});

test('a void depth ends a sweep and is not its knee; a sweep that is void at once has none', async () => {
  const point = (voidFrom: number) => async (depth: number) => ({
    depth,
    okPerSecond: depth * 1_000,
    isVoid: depth >= voidFrom,
  });
  assert.is((await sweepDepths(point(8), 256)).knee?.depth, 4);
  assert.is((await sweepDepths(point(1), 256)).knee, undefined);
  assert.is((await sweepDepths(point(1_000), 16)).knee?.depth, 16);
});
