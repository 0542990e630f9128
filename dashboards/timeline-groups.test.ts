import { assert, suite } from '#test';
import { LOADS, SERIES } from '../results/names.ts';
import type { Timeline } from '../results/schema.ts';
import {
  bandTitle,
  donePercent,
  groupOf,
  longestSilenceMs,
  pointsOf,
  typicalBands,
  typicalPoints,
  worstRound,
} from './timeline-groups.ts';

const test = suite('dashboards: timelines');

function timeline(done: (number | null)[], more: Partial<Timeline> = {}): Timeline {
  return {
    ...{ topology: 'voters', condition: 'healthy', round: 0, load: LOADS.saturated },
    ...{ startedAt: '2026-08-01T02:30:10.000Z', bucketMs: 100, bands: [] },
    series: [{ name: SERIES.done, unit: 'writes/s', values: done }],
    ...more,
  };
}

function band(fromMs: number, toMs: number, bittenMs?: number): Timeline['bands'][number] {
  return {
    ...{ fault: 'blackhole', links: ['v1.v2.quorum'], on: '1 link of v1', fromMs, toMs, proof: '' },
    ...(bittenMs !== undefined && { bittenMs }),
  };
}

function group(...timelines: Timeline[]) {
  return groupOf({ timelines }, 'voters', timelines[0]!.condition, timelines[0]!.load)!;
}

const values = (points: readonly { value: number | null }[]) => points.map(({ value }) => value);
const times = (points: readonly { atMs: number }[]) => points.map(({ atMs }) => atMs);

test('a point is in the middle of its bucket', () => {
  assert.equal(times(pointsOf(group(timeline([1, 2, 3])).rounds[0]!, SERIES.done)), [50, 150, 250]);
});

test('void rounds are counted but not drawn, and a group with only void rounds is absent', () => {
  const voided = timeline([9], { voidReasons: ['too little traffic'] });
  const made = group(timeline([1]), voided, timeline([3]));
  assert.equal([made.rounds.length, made.voided], [2, 1]);
  assert.equal(
    made.rounds.map(({ index }) => index),
    [0, 2],
    'where it is in result.json',
  );
  assert.is(groupOf({ timelines: [voided] }, 'voters', 'healthy', LOADS.saturated), undefined);
});

test('the typical line is the median of each bucket, with a gap where half of the rounds have no value', () => {
  const made = group(timeline([1, 5, null]), timeline([2, 0, null]), timeline([9, 4, 7]));
  assert.equal(values(typicalPoints(made, SERIES.done)), [2, 4, null]);
});

test('buckets that fewer than half of the rounds reached are not drawn', () => {
  const made = group(timeline([1, 1, 1]), timeline([2, 2]), timeline([3, 3]));
  assert.equal(values(typicalPoints(made, SERIES.done)), [2, 2]);
});

test('with two rounds, the one that did least is drawn with its own fault', () => {
  const good = timeline([5, 5, 5], { bands: [band(0, 100)] });
  const bad = timeline([5, 0, 5], { bands: [band(10, 300)] });
  const made = group(good, bad);
  assert.is(worstRound(made).index, 1);
  assert.equal(values(typicalPoints(made, SERIES.done)), [5, 0, 5]);
  assert.equal([typicalBands(made)[0]!.fromMs, typicalBands(made)[0]!.toMs], [10, 300]);
});

test('outages are aligned at the bucket of the injection, and bands move with them', () => {
  const outage = (fromMs: number, done: number[]) =>
    timeline(done, { load: LOADS.outage, bands: [band(fromMs, fromMs + 200, fromMs + 50)] });
  const made = group(outage(110, [9, 0, 0, 9]), outage(290, [9, 9, 0, 0, 9]), outage(130, [9, 0, 0, 9]));
  const typical = typicalPoints(made, SERIES.done);
  assert.equal(times(typical), [-50, 50, 150, 250]);
  assert.equal(values(typical), [9, 0, 0, 9]);
  assert.equal(
    typicalBands(made).map(({ fromMs, bittenMs, toMs }) => [fromMs, bittenMs, toMs]),
    [[30, 80, 230]],
  );
});

test('a load under a fault keeps its own clock, because it began after the injection', () => {
  const made = group(timeline([1, 2], { bands: [band(-430, 1_900)] }));
  assert.is(made.rounds[0]!.shiftMs, 0);
  assert.is(typicalBands(made)[0]!.fromMs, -430);
});

test('the longest silence consists of consecutive buckets, and an unknown bucket is not silent', () => {
  assert.is(longestSilenceMs(timeline([1, 0, 0, 3, 0, 0, 0, 2, 0])), 300);
  assert.is(longestSilenceMs(timeline([0, 0])), 200);
  assert.is(longestSilenceMs(timeline([1, null, 0, null])), 100);
});

test('the percentage done is of the intended operations, if there are any', () => {
  const open = (intended: number[], done: number[]) => ({
    ...timeline(done),
    series: [
      { name: SERIES.intended, unit: 'writes/s', values: intended },
      { name: SERIES.done, unit: 'writes/s', values: done },
    ],
  });
  assert.is(donePercent(group(open([10, 10], [10, 5])).rounds[0]!), 75);
  assert.is(donePercent(group(timeline([5])).rounds[0]!), undefined);
});

test('the title of a band names the fault and its place', () => {
  assert.is(bandTitle(band(0, 1)), 'blackhole: 1 link of v1');
  assert.is(bandTitle({ ...band(0, 1), on: undefined, links: ['v2', 'v3'] }), 'blackhole: v2, v3');
});
