import { assert, suite } from '#test';
import type { LoadResult } from '../load/load-spec.ts';
import { waitsOf } from './waits.ts';

const test = suite('fairness: waits');

const WHOLE_PHASE_MS = 5_000;

function load(p99Us: number | undefined, maxUs: number, lost: Partial<LoadResult['totals']>, dropped = 0) {
  const totals = { ok: 1_000, errors: 0, unknown: 0, writesOk: 0, writesOkWithWarmup: 0, ...lost };
  const sends = { intended: 1_000, sent: 1_000, late: 0, dropped, lateness: { n: 0, clipped: 0 } };
  const percentiles = { n: 1_000, clipped: 0, maxUs };
  return { response: p99Us === undefined ? percentiles : { ...percentiles, p99Us }, totals, sends };
}

test('answered reads count with their latency', () => {
  assert.equal(waitsOf(load(2_000, 7_000, {}), WHOLE_PHASE_MS), { p99: 2, slowest: 7 });
});

test('an unanswered read counts as the whole phase; more than one in a hundred raise the percentile to that', () => {
  assert.equal(waitsOf(load(2_000, 7_000, { unknown: 1 }), WHOLE_PHASE_MS), {
    p99: 2,
    slowest: WHOLE_PHASE_MS,
  });
  const waited = { p99: WHOLE_PHASE_MS, slowest: WHOLE_PHASE_MS };
  assert.equal(waitsOf(load(2_000, 7_000, { unknown: 50 }), WHOLE_PHASE_MS), waited);
  assert.equal(waitsOf(load(2_000, 7_000, {}, 50), WHOLE_PHASE_MS), waited);
  assert.equal(waitsOf(undefined, WHOLE_PHASE_MS), waited);
});

test('with too few reads for a percentile, the slowest counts', () => {
  assert.equal(waitsOf(load(undefined, 7_000, {}), WHOLE_PHASE_MS), { p99: 7, slowest: 7 });
});
