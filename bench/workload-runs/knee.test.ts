import { assert, suite } from '#test';
import type { LoadResult } from '../load/load-spec.ts';
import { atRate, judgeWindow, LOWEST_PER_SECOND, windowMsOf } from './knee.ts';
import { kneeSentence } from './knee-text.ts';
import type { RateSearchResult } from './rate-search.ts';
import { loadResult } from './workload-runs.test-kit.ts';

const test = suite('workload runs: the knee');

const GOOD = loadResult();

test('a window passes when all is answered in time, and fails for the reason that it says', () => {
  const { sends, totals, response, driver } = GOOD;
  const cases: readonly (readonly [Partial<LoadResult>, string, RegExp])[] = [
    [{}, 'pass', /^$/],
    [{ response: { ...response, p99Us: 10_500 } }, 'fail', /^p99 is 10\.50 ms$/],
    [{ okPerSecond: 970 }, 'fail', /^97\.0 % were answered/],
    [{ sends: { ...sends, dropped: 30 } }, 'fail', /^30 of 2000 requests found every session full/],
    [{ totals: { ...totals, errors: 15, unknown: 10 } }, 'fail', /^25 of 2000 requests failed/],
    [{ sends: { ...sends, late: 30 } }, 'void', /^30 of 2000 sends were late/],
    [{ driver: { ...driver, cores: 0.97 } }, 'void', /^driver saturated/],
    [{ response: { n: 900, clipped: 0 } }, 'void', /^too few answers/],
  ];
  for (const [change, verdict, why] of cases) {
    const judged = judgeWindow(loadResult(change), 10);
    assert.is(judged.verdict, verdict, judged.why);
    assert.match(judged.why, why);
  }
});

test('without a bound only keeping up counts', () => {
  const slow = { ...GOOD.response, p99Us: 900_000 };
  assert.is(judgeWindow(loadResult({ response: slow }), undefined).verdict, 'pass');
  assert.is(judgeWindow(loadResult({ okPerSecond: 900 }), undefined).verdict, 'fail');
});

test('a window is long enough for a p99, and has an end', () => {
  assert.is(windowMsOf(10_000, 3_000), 3_000);
  assert.is(windowMsOf(100, 3_000), 15_000);
  assert.is(windowMsOf(1, 3_000), 60_000);
  assert.ok((LOWEST_PER_SECOND * windowMsOf(LOWEST_PER_SECOND, 500)) / 1000 >= 1_000);
});

test('the arrivals of the workload are kept at other rates', () => {
  assert.equal(atRate({ kind: 'closed', depth: 4 }, 50), {
    kind: 'open',
    ratePerSecond: 50,
    arrivals: 'poisson',
  });
  assert.equal(atRate({ kind: 'open', ratePerSecond: 9, arrivals: 'constant' }, 50), {
    kind: 'open',
    ratePerSecond: 50,
    arrivals: 'constant',
  });
});

test('the answer says what was found, and what was the limit', () => {
  const windows: RateSearchResult['windows'] = [{ ratePerSecond: 1, verdict: 'pass' }];
  const said = (end: RateSearchResult['end'], passed: number | undefined, failed: number | undefined) =>
    kneeSentence({
      sweep: { points: [], knee: undefined },
      p99MsMax: 10,
      search: { end, passed, failed, windows },
      why: [''],
      ladder: [],
    });
  assert.is(
    said('found', 18_200.4, 19_000),
    'The highest rate with a p99 of at most 10 ms is 18,200/s; 19,000/s failed (1 windows).',
  );
  assert.match(said('void', 900, 950), /900\/s, where the driver was the limit: at 950\/s it was saturated/);
  assert.match(said('void', undefined, 25), /^No rate .* the driver was at its limit in each window/);
  assert.match(said('none passes', undefined, 25), /^No rate .* was found, down to 25\/s/);
  assert.match(said('none fails', 1_000, undefined), /1,000\/s, the highest that was tried/);
  assert.match(said('out of windows', 1_000, 2_000), /1,000\/s so far; the search ended after/);
});
