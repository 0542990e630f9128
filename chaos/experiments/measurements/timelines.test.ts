import { assert, suite } from '#test';
import type { LoadResult } from '../../../bench/load/load-spec.ts';
import { timelineOf } from '../../../bench/load/load-timeline.ts';
import { Recorder } from '../../../bench/measure/recorder.ts';
import { minimalResult } from '../../../results/fixtures/minimal.ts';
import { SERIES } from '../../../results/names.ts';
import { resultSchema } from '../../../results/schema.ts';
import { bandOf, type FaultSpan, placeOf } from '../../faults/nemesis/fault-span.ts';

const test = suite('chaos/experiments: timelines');

const ZERO = Date.parse('2026-08-01T02:30:10.000Z');
const SPAN: FaultSpan = {
  fault: 'blackhole',
  links: ['v1.v2.quorum'],
  on: '1 link of v1',
  injectedAt: ZERO - 450,
  bittenAt: ZERO + 600,
  healedAt: ZERO + 1_900,
  proof: 'silence',
};
const BANDS = [bandOf(SPAN, ZERO)];
const PLACE = {
  topology: 'voters',
  condition: 'healthy',
  round: 2,
  load: 'writes, closed loop',
  what: 'writes',
} as const;

type Load = Pick<LoadResult, 'timeline' | 'measuredFrom' | 'spec'>;

function load(kind: 'open' | 'closed', buckets: LoadResult['timeline']['buckets']): Load {
  return {
    measuredFrom: new Date(ZERO).toISOString(),
    timeline: { bucketMs: 50, buckets, outside: 0 },
    spec: { mode: { kind } } as LoadResult['spec'],
  };
}

const BUCKETS = [
  { intended: 10, ok: 5, errors: 0, latencyMaxUs: 9_000 },
  { intended: 10, ok: 0, errors: 3 },
  { intended: 10, ok: 20, errors: 0, latencyP50Us: 1_500, latencyMaxUs: 80_000 },
];

function valuesOf(timeline: ReturnType<typeof timelineOf>): Record<string, (number | null)[]> {
  return Object.fromEntries(timeline!.series.map(({ name, values }) => [name, values]));
}

test('counts become rates by the width of their bucket; an unknown value is null, not zero', () => {
  const timeline = timelineOf(PLACE, load('open', BUCKETS), [], []);
  assert.equal(valuesOf(timeline), {
    [SERIES.intended]: [200, 200, 200],
    [SERIES.done]: [100, 0, 400],
    [SERIES.failed]: [0, 60, 0],
    [SERIES.latencyP50]: [null, null, 1.5],
    [SERIES.latencyMax]: [9, null, 80],
  });
  const result = { ...minimalResult(), timelines: [{ ...timeline!, topology: 'voters' }] };
  assert.is(resultSchema.safeParse(result).success, true);
});

test('a closed loop has no intended rate, and a load without failures has no series of failures', () => {
  const timeline = timelineOf(PLACE, load('closed', BUCKETS.slice(0, 1)), [], []);
  assert.equal(Object.keys(valuesOf(timeline)), [SERIES.done, SERIES.latencyMax]);
});

test('a load too short for one bucket leaves no timeline', () => {
  assert.is(timelineOf(PLACE, load('open', []), [], []), undefined);
});

test('injected, bitten and healed are on the clock of the load, even before its start', () => {
  const [band] = timelineOf(PLACE, load('open', BUCKETS), BANDS, [])!.bands;
  assert.equal([band!.fromMs, band!.bittenMs, band!.toMs], [-450, 600, 1_900]);
  assert.is('bittenMs' in bandOf({ ...SPAN, bittenAt: undefined }, ZERO), false);
});

test('a load that does not count says why', () => {
  assert.is(timelineOf(PLACE, load('open', BUCKETS), BANDS, [])!.voidReasons, undefined);
  assert.equal(timelineOf(PLACE, load('open', BUCKETS), BANDS, ['it did not bite'])!.voidReasons, [
    'it did not bite',
  ]);
});

test('a fault is placed at the fewest members that together have an end of each of its links', () => {
  assert.is(placeOf(['v1.v2.quorum', 'v3.v1.election', 'v2.v1.quorum']), '3 links of v1');
  assert.is(placeOf(['o1.v1.quorum', 'o1.v2.quorum', 'o2.v1.quorum', 'o2.v2.quorum']), '4 links of o1, o2');
  assert.is(placeOf(['v2.v1.quorum']), '1 link of v2');
  assert.is(placeOf(['v3', 'v2']), 'v3, v2');
  assert.is(placeOf(['a', 'b', 'c', 'd', 'e', 'f']), 'a, b, c, d and 2 more');
});

test('24 rounds of each load of a topology are kept', () => {
  const recorder = new Recorder();
  for (let round = 0; round < 30; round++)
    for (const topology of ['voters', 'observers'])
      recorder.timeline(timelineOf({ ...PLACE, topology, round }, load('open', BUCKETS), [], []));
  const { timelines } = recorder.measured();
  assert.is(timelines.filter(({ topology }) => topology === 'voters').length, 24);
  assert.is(timelines.length, 48);
});
