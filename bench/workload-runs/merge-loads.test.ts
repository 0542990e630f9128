import { assert, suite } from '#test';
import { ENDED_EARLY } from '../load/load-spec.ts';
import { closedLoopVoidReasons } from '../load/load-validity.ts';
import { LatencyHistogram } from '../measure/histograms.ts';
import { mergeLoads } from './merge-loads.ts';
import { loadResult, operationRow, SPEC } from './workload-runs.test-kit.ts';

const test = suite('workload runs: several drivers');

test('counts are added and histograms merged by target and operation', () => {
  const one = loadResult({
    operations: [operationRow('getData', [1, 2, 3]), operationRow('setData', [9], { errors: { NONODE: 2 } })],
  });
  const other = loadResult({
    operations: [
      operationRow('setData', [7], { errors: { NONODE: 1, NOAUTH: 1 }, unknown: 4 }),
      operationRow('getData', [5], { target: 'v2' }),
    ],
  });
  const { operations, okPerSecond, sends, totals } = mergeLoads(SPEC, [one, other]);
  assert.equal(
    operations.map(({ target, operation, ok, errors, unknown }) => [target, operation, ok, errors, unknown]),
    [
      ['v1', 'getData', 3, {}, 0],
      ['v1', 'setData', 2, { NONODE: 3, NOAUTH: 1 }, 4],
      ['v2', 'getData', 1, {}, 0],
    ],
  );
  assert.is(operations[1]!.okInWindow, 2);
  assert.is(LatencyHistogram.decode(operations[1]!.service).n, 2);
  assert.is(okPerSecond, 2_000);
  assert.is(sends.intended, 4_000);
  assert.is(totals.ok, 4_000);
});

test('the percentiles of the whole come from the merged histogram, not from those of the parts', () => {
  const of = (ms: number) => loadResult({ operations: [operationRow('getData', new Array(1_000).fill(ms))] });
  const { response } = mergeLoads(SPEC, [of(1), of(1), of(1), of(100)]);
  assert.is(response.n, 4_000);
  assert.ok(response.p50Us! < 1_100, `${response.p50Us}`);
  assert.ok(response.p99Us! > 99_000, `${response.p99Us}`);
});

test('the worst driver counts, and a void of one names it', () => {
  const busy = loadResult({
    driver: { cores: 0.95, loopUtilization: 1, loopLagP99Ms: 3, loopLagMaxMs: 40 },
  });
  const { driver, voidReasons, timeline } = mergeLoads(SPEC, [loadResult(), busy]);
  assert.equal(driver, { cores: 0.95, loopUtilization: 1, loopLagP99Ms: 3, loopLagMaxMs: 40 });
  assert.equal(voidReasons, ['driver 2: driver saturated: it used 0.95 cores, at most 0.9 is accepted']);
  assert.equal(timeline.buckets, [{ intended: 4_000, ok: 4_000, errors: 0 }]);
});

test('planted: late sends and lost requests count over all drivers, and not of one with a low rate', () => {
  const { sends, totals } = loadResult();
  const slow = loadResult({
    sends: { ...sends, intended: 10, sent: 9, late: 1, dropped: 1 },
    totals: { ...totals, ok: 0 },
    voidReasons: ['no operation succeeded', '1 late and 1 dropped of 10 sends (20.0 %)'],
  });
  assert.equal(mergeLoads(SPEC, [loadResult(), slow]).voidReasons, []);
  assert.equal(mergeLoads(SPEC, [slow, slow]).voidReasons, [
    'no operation succeeded',
    '2 late and 2 dropped of 20 sends (20.0 %), at most 1 % is accepted',
  ]);
});

test('a load ended early if one of its drivers did', () => {
  const cut = loadResult({ voidReasons: [ENDED_EARLY] });
  const merged = mergeLoads(SPEC, [cut, cut]);
  assert.equal(merged.voidReasons, [ENDED_EARLY]);
  assert.equal(closedLoopVoidReasons(merged), [ENDED_EARLY]);
});
