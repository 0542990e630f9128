import { assert, suite } from '#test';
import { comparisonSchema, gateExitCode } from '../../results/comparison.ts';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import type { Result } from '../../results/schema.ts';
import { compareRuns } from './compare-runs.ts';

const test = suite('comparison of runs');

const TEN = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109];

test('a run compared with itself shows no difference, says so, and fits the schema', () => {
  const comparison = compareRuns(runOf(TEN), runOf(TEN));
  comparisonSchema.parse(comparison);
  assert.match(comparison.warnings[0]!, /both are one run/);
  const [row] = comparison.rows;
  assert.is(row!.verdict, 'no difference shown');
  assert.is(row!.ratio!.value, 1);
});

test('half the throughput is worse, half the latency is better', () => {
  const half = TEN.map(value => value / 2);
  const [throughput] = compareRuns(runOf(TEN), runOf(half)).rows;
  assert.is(throughput!.verdict, 'worse');
  assert.ok(Math.abs(throughput!.ratio!.value - 0.5) < 0.01);
  assert.ok(throughput!.ratio!.low! < 0.5 && throughput!.ratio!.high! > 0.5);
  const [latency] = compareRuns(
    runOf(TEN, { higherIsBetter: false }),
    runOf(half, { higherIsBetter: false }),
  ).rows;
  assert.is(latency!.verdict, 'better');
});

test('with three rounds each a difference can be neither shown nor excluded', () => {
  const [row] = compareRuns(runOf([1, 2, 3]), runOf([101, 102, 103])).rows;
  assert.is(row!.verdict, 'too few');
  assert.is(row!.pValue, null);
});

test('many rows are corrected: twenty rows do not show what a single row would by chance', () => {
  const shifted = TEN.map(value => value + 4.5);
  const alone = compareRuns(runOf(TEN), runOf(shifted)).rows[0]!;
  assert.ok(alone.pHolm! < 0.05, `p ${alone.pHolm}`);
  const twenty = compareRuns(runOf(TEN, { rows: 20 }), withRow(runOf(TEN, { rows: 20 }), shifted)).rows[0]!;
  assert.is(twenty.pValue, alone.pValue);
  assert.is(twenty.verdict, 'no difference shown');
});

test('rounds that suffice for a single row are too few among many rows, and the warning says how many are enough', () => {
  const five = [1, 2, 3, 4, 5];
  const doubled = five.map(value => value + 100);
  assert.is(compareRuns(runOf(five), runOf(doubled)).rows[0]!.verdict, 'better');
  const among = compareRuns(runOf(five, { rows: 20 }), runOf(doubled, { rows: 20 }));
  assert.equal([...new Set(among.rows.map(({ verdict }) => verdict))], ['too few']);
  assert.match(
    among.warnings.join('\n'),
    /20 of 20 rows have too few rounds.*over 20 rows; 6 rounds in each run are enough/,
  );
  const six = [...five, 6];
  const enough = compareRuns(
    runOf(six, { rows: 20 }),
    runOf(
      six.map(value => value + 100),
      { rows: 20 },
    ),
  );
  assert.equal([...new Set(enough.rows.map(({ verdict }) => verdict))], ['better']);
});

test('F9: runs of other topologies, loads, servers and proxies are named unlike, and a gate refuses them', () => {
  const with_ = (change: (result: Result) => void): string[] => {
    const inputs = () => ({ suite: { rounds: 6, load: { valueBytes: 100 }, settings: {} } });
    const [a, b] = [runOf(TEN), runOf(TEN)].map(run => ({ ...run, inputs: inputs() }));
    change(b!);
    const comparison = compareRuns(a!, b!);
    assert.is(gateExitCode(comparison), comparison.unlike.length > 0 ? 3 : 0);
    return comparison.unlike;
  };
  assert.equal(
    with_(() => {}),
    [],
  );
  const unlike: [(result: Result) => void, RegExp][] = [
    [
      b => Object.assign(b.inputs!, { suite: { load: { valueBytes: 1000 }, settings: {} } }),
      /valueBytes: 100 and 1000$/,
    ],
    [
      b => Object.assign(b.inputs!, { suite: { load: { valueBytes: 100 }, settings: { syncLimit: 9 } } }),
      /syncLimit: none and 9$/,
    ],
    [
      b => Object.assign(b.topologies[0]!, { shortForm: 'voters=5' }),
      /^topology voters: voters=1 .* and voters=5/,
    ],
    [b => Object.assign(b.environment.server, { implementation: 'apache' }), /^server: zklab and apache$/],
    [b => Object.assign(b.environment.toxiproxy, { kind: 'real' }), /^Toxiproxy: none and real$/],
    [
      b =>
        Object.assign(b, {
          machineUse: {
            ...{ cores: 2, loadAverageBefore: 22, loadAverageAfter: 22, niceValue: 0, driver: null },
            ...{ proxyCores: null, ownCores: 1, othersCores: 0.9, idleShare: 0, stealShare: 0 },
          },
        }),
      /the machine was busy with something else/,
    ],
  ];
  for (const [change, says] of unlike) {
    const found = with_(change);
    assert.is(found.length, 1, found.join());
    assert.match(found[0]!, says);
  }
  const rounds = with_(b =>
    Object.assign(b.inputs!, { suite: { rounds: 12, load: { valueBytes: 100 }, settings: {} } }),
  );
  assert.equal(rounds, []);
});

test('F8: a gate refuses a run that is void, interrupted, or lacks what it was asked for', () => {
  for (const [more, says] of [
    [{ void: true, reasons: ['the driver was saturated'] }, 'is void: the driver was saturated'],
    [{ interrupted: 'after 3 of 12 rounds' }, 'was interrupted after 3 of 12 rounds'],
    [{ unmeasured: ['writes of a, healthy: ...'] }, 'that it did not measure: writes of a, healthy'],
  ] as const) {
    const b = runOf(TEN);
    b.validity = {
      ...b.validity,
      ...more,
      reasons: [...('reasons' in more ? more.reasons : [])],
    } as Result['validity'];
    const comparison = compareRuns(runOf(TEN), b);
    assert.match(comparison.voidReasons.join(), says);
    assert.is(gateExitCode(comparison), 3);
  }
});

test('F12: the ratio is the quotient of the medians beside it, and its interval contains it', () => {
  const [row] = compareRuns(runOf([1, 2, 100, 101, 102]), runOf([50, 51, 52, 53, 54])).rows;
  assert.is(row!.ratio!.value, row!.b.median! / row!.a.median!);
  assert.ok((row!.ratio!.low ?? 0) <= row!.ratio!.value && row!.ratio!.value <= (row!.ratio!.high ?? 1e9));
});

test('runs of two days or machines, without inputs and with unmatched rows give warnings', () => {
  const a = runOf(TEN);
  const b = runOf(TEN, { rows: 2 });
  b.run.startedAt = '2026-08-04T02:30:00.000Z';
  b.environment.cores = 64;
  const text = compareRuns(a, b).warnings.join('\n');
  for (const part of ['3 days apart', 'cores differs: 2 and 64', 'did not store its inputs', 'only in'])
    assert.match(text, part);
});

function runOf(values: readonly number[], options: { higherIsBetter?: boolean; rows?: number } = {}): Result {
  const result = minimalResult();
  const { higherIsBetter = true, rows = 1 } = options;
  result.claims = [];
  result.measurements = Array.from({ length: rows }, (_, index) => ({
    ...result.measurements[0]!,
    id: `m${index}`,
    metric: index === 0 ? 'writeThroughput' : `metric ${index}`,
    higherIsBetter,
    samples: values.map((value, round) => ({ round, value })),
  }));
  return result;
}

function withRow(result: Result, values: readonly number[]): Result {
  result.measurements[0]!.samples = values.map((value, round) => ({ round, value }));
  return result;
}
