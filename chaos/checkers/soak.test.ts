import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { availabilityOf } from './availability.ts';
import type { HistoryEvent } from './history.ts';
import { checkLeaks, growthsOf, leakLimits } from './leaks.ts';
import type { ResourceSample } from './run-record.ts';

const test = suite('checkers: soak and availability');

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const LIMITS = { rssBytes: 50 * MIB, handles: 5, logBytes: 1_000 * MIB };

/** Readings of one process over that many hours, every 10 s. */
function samples(hours: number, of: (hours: number) => Partial<ResourceSample>): ResourceSample[] {
  const random = new SeededRandom(4);
  return Array.from({ length: (hours * HOUR_MS) / 10_000 }, (_, at) => {
    const timeMs = at * 10_000;
    const noise = random.between(-4 * MIB, 4 * MIB);
    const sample = { timeMs, member: 'v1', pid: 7, rssBytes: 120 * MIB + noise, handles: 30, logBytes: 0 };
    const { rssBytes = 0, ...rest } = of(timeMs / HOUR_MS);
    return { ...sample, ...rest, rssBytes: sample.rssBytes + rssBytes };
  });
}
const LIFE_MIN_MS = 20 * 60_000;
const judged = (all: readonly ResourceSample[]) =>
  checkLeaks({ samples: all, limitsPerHour: LIMITS, lifeMinMs: LIFE_MIN_MS });

test('a process that stays as it is has no leak; one that warms up in the first quarter has none either', () => {
  assert.is(judged(samples(1, () => ({}))).valid, 'valid');
  const warm = samples(1, hours => ({ rssBytes: Math.min(hours / 0.2, 1) * 300 * MIB }));
  assert.is(judged(warm).valid, 'valid', judged(warm).reasons.join());
});

test('memory, handles and logs that grow beyond their limits are found, with slope and interval', () => {
  const memory = judged(samples(1, hours => ({ rssBytes: hours * 80 * MIB })));
  assert.is(memory.valid, 'invalid');
  assert.match(
    memory.reasons.join(),
    /^v1: memory grows by (79|80|81)\.\d MiB per hour \(99 %: .*\); at most 50\.0 MiB per hour/,
  );
  assert.match(
    judged(samples(1, hours => ({ handles: 30 + Math.floor(hours * 9) }))).reasons.join(),
    /handles grows by/,
  );
  assert.match(
    judged(samples(1, hours => ({ logBytes: hours * 3_000 * MIB }))).reasons.join(),
    /data on disk grows by 3000/,
  );
});

test('a process that lived for a short time has nothing to check, because it may still warm up', () => {
  assert.is(judged(samples(0.3, hours => ({ rssBytes: hours * 900 * MIB }))).checked, 0);
  assert.is(judged(samples(1, () => ({})).slice(0, 5)).checked, 0);
});

test('readings that scatter more than the limit say nothing; a slope near the limit is unknown', () => {
  const random = new SeededRandom(5);
  const wild = judged(samples(1, () => ({ rssBytes: random.between(0, 900 * MIB) })));
  assert.equal([wild.valid, wild.checked], ['valid', 2], 'handles and disk');
  const near = judged(samples(1, hours => ({ rssBytes: hours * 50 * MIB })));
  assert.is(near.valid, 'unknown');
  assert.match(near.reasons.join(), /^v1: memory grows by .*: 50\.0 MiB per hour cannot be ruled out$/);
});

test('what was measured is also reported for a process without a leak', () => {
  assert.match(
    judged(samples(1, () => ({}))).notes?.join('; ') ?? '',
    /memory grows by -?\d.*handles grows by 0\.0/,
  );
});

test('more znodes may take more memory, the fewer hours the more in each', () => {
  const hour = samples(1, () => ({}));
  const [few, many] = [leakLimits(hour, 0), leakLimits(hour, 1_000_000)];
  assert.is(few.limitsPerHour.rssBytes, 64 * MIB);
  assert.ok(many.limitsPerHour.rssBytes > 1_000 * MIB);
  assert.ok(
    leakLimits(
      samples(0.5, () => ({})),
      1_000_000,
    ).limitsPerHour.rssBytes > many.limitsPerHour.rssBytes,
  );
});

test('a restart begins a new process, whose warming up is not growth of the old one', () => {
  const before = samples(1, () => ({}));
  const after = samples(1, () => ({ rssBytes: 500 * MIB })).map(sample => ({
    ...sample,
    timeMs: sample.timeMs + HOUR_MS,
    pid: 8,
  }));
  assert.is(growthsOf([...before, ...after], LIFE_MIN_MS).length, 6);
  assert.is(judged([...before, ...after]).valid, 'valid');
});

test('availability: the longest time without an answer, by role and kind, from the first answer to the last', () => {
  const at = (
    timeMs: number,
    server: string,
    f: 'getData' | 'setData',
    type: 'ok' | 'fail' | 'info' = 'ok',
  ): HistoryEvent => ({
    ...{ index: 0, operation: 0, process: 1, session: '1', path: '/a' },
    ...{ timeMs, server, f, type },
  });
  const history = [
    at(0, 'v:1', 'setData'),
    at(100, 'o:1', 'getData'),
    at(300, 'v:1', 'setData', 'fail'),
    at(900, 'v:1', 'setData', 'info'),
    at(1_500, 'o:1', 'getData'),
    at(2_000, 'v:1', 'setData'),
    at(2_200, 'x:1', 'getData'),
  ];
  const found = availabilityOf(history, server => ({ 'v:1': 'voter', 'o:1': 'observer' })[server]);
  assert.equal(
    found.map(({ role, kind, answers, longestGapMs, unavailableMs }) => [
      role,
      kind,
      answers,
      longestGapMs,
      unavailableMs,
    ]),
    [
      ['voter', 'writes', 3, 1_700, 1_700],
      ['observer', 'reads', 2, 1_400, 2_100],
    ],
  );
});
