import { assert, suite } from '#test';
import { comparisonDocumentSchema } from '../../results/comparison.ts';
import type { Result } from '../../results/schema.ts';
import { VOID_ROUND } from '../claims/judging/evidence.ts';
import { seededRandom } from '../stats/distributions.ts';
import { compareAll } from './compare-command.ts';
import { compareSides } from './compare-sides.ts';
import { normal, type PlantedCell, plantedSide, scattered } from './compared-runs.test-kit.ts';

const test = suite('comparison of sides');

const TEN = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109];
const times = (values: readonly number[], factor: number) => values.map(value => value * factor);

/** The row of one cell. */
function rowOf(a: PlantedCell, b: PlantedCell) {
  return compareSides(plantedSide({ cells: [a] }), plantedSide({ cells: [b] })).comparison.rows[0]!;
}

test('a run compared with itself shows no difference, says so, and fits the schema', () => {
  const side = plantedSide({ cells: [{ values: TEN }] });
  const document = compareAll([side, side], undefined, false);
  comparisonDocumentSchema.parse(document);
  const [{ rows, warnings }] = document.comparisons as [(typeof document.comparisons)[number]];
  assert.match(warnings[0]!, /both are one run/);
  assert.is(rows[0]!.change!.value, 1);
  assert.is(document.exitCode, 0);
});

test('half the throughput is worse, half the latency is better', () => {
  const worse = rowOf({ values: TEN }, { values: times(TEN, 0.5) });
  assert.is(worse.verdict, 'worse');
  assert.ok(worse.change!.low! < 0.5 && worse.change!.high! > 0.5);
  const latency = { metric: 'writeLatencyP50', unit: 'ms', higherIsBetter: false };
  const better = rowOf({ ...latency, values: TEN }, { ...latency, values: times(TEN, 0.5) });
  assert.is(better.verdict, 'better');
});

test('the ratio is the quotient of the two levels beside it, and its interval contains it', () => {
  const { a, b, change } = rowOf({ values: [1, 2, 100, 101, 102] }, { values: [50, 51, 52, 53, 54] });
  assert.ok(Math.abs(change!.value / (b.value! / a.value!) - 1) < 1e-12);
  assert.ok(change!.low! <= change!.value && change!.value <= change!.high!);
});

test('an interval within 3 % is no difference; a wider one says which change would have been shown', () => {
  const steady = [100, 100.1, 100.2, 99.9, 99.8, 100];
  assert.is(rowOf({ values: steady }, { values: times(steady, 1.005) }).verdict, 'no difference');
  const { verdict, detectable } = rowOf({ values: TEN }, { values: times(TEN, 1.01) });
  assert.is(verdict, 'no difference shown');
  assert.ok(detectable! > 1.03 && detectable! < 1.1, String(detectable));
});

test('two rounds are too few; three can decide, with the interval that they deserve', () => {
  assert.is(rowOf({ values: [1, 2] }, { values: [101, 102] }).verdict, 'too few');
  assert.is(rowOf({ values: [100, 101, 102] }, { values: [200, 202, 204] }).verdict, 'better');
  assert.is(rowOf({ values: [100, 140, 70] }, { values: [200, 240, 90] }).verdict, 'no difference shown');
});

test('starts are the samples where a run had several', () => {
  const values = [100, 100, 100, 120, 120, 120, 80, 80, 80];
  const { a, verdict } = rowOf(
    { values, roundsPerStart: 3 },
    { values: times(values, 1.3), roundsPerStart: 3 },
  );
  assert.equal([a.n, a.of], [3, 'starts']);
  assert.is(verdict, 'no difference shown');
});

test('percentages are compared by their difference, and equal ones without spread are no difference', () => {
  const percent = { metric: 'observerReadAvailability', unit: '%' };
  const lost = rowOf({ ...percent, values: [100, 100, 100] }, { ...percent, values: [0, 0, 0] });
  assert.is(lost.verdict, 'worse');
  assert.equal([lost.change!.scale, lost.change!.value], ['difference', -100]);
  assert.is(
    rowOf({ ...percent, values: [0, 0, 0] }, { ...percent, values: [0, 0, 0] }).verdict,
    'no difference',
  );
});

test('a cell of which most rounds are void is void', () => {
  const warnings = [1, 2, 3].map(round => `${VOID_ROUND} ${round}: the driver was saturated`);
  assert.is(rowOf({ values: TEN }, { values: [1, 2, 3], warnings }).verdict, 'void');
});

test('planted: a doubled count is a finding in one round; one that depends on batches is none', () => {
  const cell = (counts: Record<string, number>) => plantedSide({ cells: [{ values: [100], counts }] });
  const a = cell({
    ...{ leaderMessagesPerWrite: 4, leaderFsyncsPerWrite: 0.02, acksFromObservers: 0, gone: 1 },
    requestsToLeaderPerRead: 0,
  });
  const b = cell({
    ...{ leaderMessagesPerWrite: 8, leaderFsyncsPerWrite: 0.06, acksFromObservers: 1 },
    requestsToLeaderPerRead: 0.001,
  });
  const { counts } = compareSides(a, b).comparison;
  assert.equal(
    counts.map(({ name, ratio, verdict }) => [name, ratio, verdict]),
    [
      ['leaderMessagesPerWrite', 2, 'grew'],
      ['acksFromObservers', null, 'grew'],
      ['gone', null, 'only in a'],
      ['requestsToLeaderPerRead', null, 'same'],
      ['leaderFsyncsPerWrite', 3, 'free'],
    ],
  );
});

test('a family shows its clearest change, at a level divided by its cells', () => {
  const cells = (factor: number) =>
    ['voters', 'observers', 'masters'].map(topology => ({
      topology,
      values: topology === 'observers' ? times(TEN, factor) : TEN,
    }));
  const familyOf = (factor: number) =>
    compareSides(plantedSide({ cells: cells(1) }), plantedSide({ cells: cells(factor) })).comparison
      .families[0]!;
  const worse = familyOf(0.9);
  assert.equal([worse.verdict, worse.cells, worse.shown.topology], ['worse', 3, 'observers']);
  assert.ok(Math.abs(worse.shown.change!.confidence - (1 - 0.02 / 3)) < 1e-12);
  // This change is shown alone, but not as one of three.
  const row = rowOf({ values: TEN }, { values: times(TEN, 0.963) });
  assert.is(row.verdict, 'worse');
  assert.is(familyOf(0.963).verdict, 'no difference shown');
});

/** Runs with 20 cells, each of which has a level of its own in each run. */
function nights(random: () => number, count: number, spreadOfNights: number, spreadOfRounds: number) {
  const night = () => ({
    cells: Array.from({ length: 20 }, (_, index) => ({
      metric: `metric ${index}`,
      values: scattered(random, 6, 5_000 * Math.exp(spreadOfNights * normal(random)), spreadOfRounds),
    })),
  });
  return plantedSide(...Array.from({ length: count }, night));
}

test('A/A: 200 pairs of runs that do not differ come out as worse or better in at most 2 % of rows', () => {
  const random = seededRandom(1);
  const side = () => nights(random, 1, 0, 0.15);
  let wrong = 0;
  for (let pair = 0; pair < 200; pair += 1)
    wrong += compareSides(side(), side()).comparison.rows.filter(isChange).length;
  // Of 4,000 rows 2 % are 80, and three standard deviations are 27.
  assert.ok(wrong <= 107, `${wrong} of 4000`);
  assert.ok(wrong >= 40, `${wrong} of 4000: the intervals are far wider than they say`);
});

test('A/A over nights that differ: pooled runs are as often wrong as stated, where rounds are far more often', () => {
  const random = seededRandom(2);
  const wrongOf = (a: number, b: number) => {
    let wrong = 0;
    for (let pair = 0; pair < 20; pair += 1) {
      const sides = [a, b].map(count => nights(random, count, 0.1, 0.02));
      wrong += compareSides(sides[0]!, sides[1]!).comparison.rows.filter(isChange).length;
    }
    return wrong;
  };
  for (const [a, b] of [
    [6, 6],
    [8, 1],
  ] as const) {
    const wrong = wrongOf(a, b);
    // Of 400 rows 2 % are 8, and three standard deviations are 9.
    assert.ok(wrong <= 17, `${wrong} of 400 with ${a} and ${b} nights`);
  }
  assert.ok(wrongOf(1, 1) > 120, 'a single pair of nights has no such protection, and its warning says so');
});

test('planted: 10 % fewer writes are found in nine of ten runs of twelve rounds', () => {
  const random = seededRandom(3);
  const side = (middle: number) => plantedSide({ cells: [{ values: scattered(random, 12, middle, 0.06) }] });
  let found = 0;
  for (let pair = 0; pair < 200; pair += 1)
    if (compareSides(side(5_000), side(4_500)).comparison.families[0]!.verdict === 'worse') found += 1;
  assert.ok(found >= 180, `${found} of 200`);
});

test('what changes the question makes everything incomparable, what changes the machine only times', () => {
  const compared = (change: (result: Result) => void, anyway = false) => {
    const cells = [{ values: TEN, counts: { leaderMessagesPerWrite: 4 } }];
    return compareSides(plantedSide({ cells }), plantedSide({ cells, change }), anyway).comparison;
  };
  const inputs = (suite: object) => (b: Result) => Object.assign(b.inputs!, { suite });
  const busy = {
    ...{ cores: 2, loadAverageBefore: 22, loadAverageAfter: 22, niceValue: 0, driver: null },
    ...{ proxyCores: null, ownCores: 1, othersCores: 0.9, idleShare: 0, stealShare: 0 },
  };
  const table: [withheld: string, says: RegExp, change: (result: Result) => void][] = [
    ['all', /valueBytes 100 1000$/, inputs({ rounds: 6, load: { valueBytes: 1000 }, settings: {} })],
    [
      'all',
      /settings\.syncLimit none 9$/,
      inputs({ rounds: 6, load: { valueBytes: 100 }, settings: { syncLimit: 9 } }),
    ],
    ['all', /^topology voters voters=1 /, b => Object.assign(b.topologies[0]!, { shortForm: 'voters=5' })],
    [
      'times',
      /^links and CPU of voters proxied links direct links, 0\.25 cores each$/,
      b => Object.assign(b.topologies[0]!, { links: 'direct', budgetCores: 0.25 }),
    ],
    ['times', /^Toxiproxy none real$/, b => Object.assign(b.environment.toxiproxy, { kind: 'real' })],
    ['times', /^CPU invented other$/, b => Object.assign(b.environment, { cpu: 'other' })],
    [
      'times',
      /^busy machine no yes \(load 22\.0, steal 0\.0 %, others 45 % of the cores\)$/,
      b => Object.assign(b, { machineUse: busy }),
    ],
    [
      'nothing',
      /^server zklab apache$/,
      b => {
        b.environment.server.implementation = 'apache';
        b.inputs!.server = 'apache';
        b.topologies[0]!.shortForm += ' server=apache';
      },
    ],
    [
      'times',
      /topologies\.voters9 none voters=9$/,
      inputs({ rounds: 6, load: { valueBytes: 100 }, settings: {}, topologies: { voters9: 'voters=9' } }),
    ],
    ['nothing', /suite\.rounds 6 12$/, inputs({ rounds: 12, load: { valueBytes: 100 }, settings: {} })],
  ];
  for (const [withheld, says, change] of table) {
    const { conditions, ...found } = compared(change);
    const [first] = conditions;
    assert.match(`${first?.what} ${first?.a} ${first?.b}`, says);
    assert.is(found.withheld, withheld, String(says));
    assert.is(found.rows.length, withheld === 'nothing' ? 1 : 0);
    assert.is(found.counts.length, withheld === 'all' ? 0 : 1);
    const anyway = compared(change, true);
    assert.is(anyway.rows.length, 1);
    assert.is(anyway.anyway, withheld !== 'nothing');
  }
  assert.equal(compared(() => {}).conditions, []);
});

test('disk syncs that differ are named, and from a factor of two on times do not compare', () => {
  const withSync = (us: number) =>
    plantedSide({
      cells: [{ values: TEN }],
      change: b => Object.assign(b.environment, { diskSyncMedianUs: us }),
    });
  const matters = (us: number) =>
    compareSides(withSync(100), withSync(us)).comparison.conditions.map(({ matters }) => matters);
  assert.equal([matters(110), matters(150), matters(300)], [[], ['no'], ['times']]);
});

test('runs that did not store their inputs are told apart by the names of their suites', () => {
  const old = (suite: string) =>
    plantedSide({
      cells: [{ values: TEN }],
      change: b => {
        delete b.inputs;
        b.run.suite = suite;
      },
    });
  assert.is(compareSides(old('quick'), old('quick')).comparison.withheld, 'nothing');
  assert.is(compareSides(old('quick'), old('full')).comparison.withheld, 'all');
});

test('a run that is void, interrupted, or lacks what it was asked for does not count', () => {
  const cells = [{ values: TEN }];
  for (const [validity, says] of [
    [{ void: true, reasons: ['the driver was saturated'] }, /is void: the driver was saturated$/],
    [
      { void: false, reasons: [], interrupted: 'after 3 of 12 rounds' },
      /was interrupted after 3 of 12 rounds$/,
    ],
    [{ void: false, reasons: [], unmeasured: ['writes of a'] }, /that it did not measure: writes of a$/],
  ] as const) {
    const change = (b: Result) => Object.assign(b, { validity });
    const document = compareAll([plantedSide({ cells }), plantedSide({ cells, change })], undefined, false);
    assert.match(document.comparisons[0]!.voidReasons.join(), says);
    assert.is(document.exitCode, 3);
  }
});

test('unpaired runs get the warning; pools on both sides need none', () => {
  const cells = [{ values: TEN }];
  const warningsOf = (a: number, b: number) => {
    const side = (count: number, from: number) =>
      plantedSide(...Array.from({ length: count }, (_, index) => ({ cells, day: from + index })));
    return compareSides(side(a, 1), side(b, 11)).comparison.warnings.join('\n');
  };
  assert.match(warningsOf(1, 1), /began 10 days apart\. Rounds of two runs are no pairs/);
  assert.match(warningsOf(4, 1), /^b is a single run/);
  assert.is(warningsOf(4, 4), '');
});

test('void runs and those on a busy machine are left out of a pool, and named', () => {
  const cells = [{ values: TEN }];
  const isVoid = (b: Result) => Object.assign(b, { validity: { void: true, reasons: ['no reason'] } });
  const side = plantedSide({ cells }, { cells, change: isVoid }, { cells });
  assert.is(side.runs.length, 2);
  assert.equal(side.leftOut, [{ id: '2026-08-02T02-30-00Z-planted', reason: 'is void: no reason' }]);
  const all = plantedSide({ cells, change: isVoid }, { cells, change: isVoid });
  assert.is(all.voidReasons.length, 2);
});

test('cells that only one side has are named', () => {
  const a = plantedSide({ cells: [{ values: TEN }, { topology: 'masters', values: TEN }] });
  const b = plantedSide({ cells: [{ values: TEN }] });
  assert.match(
    compareSides(a, b).comparison.warnings.join('\n'),
    'only in a: writeThroughput, masters, healthy',
  );
});

function isChange({ verdict }: { readonly verdict: string }): boolean {
  return verdict === 'worse' || verdict === 'better';
}
