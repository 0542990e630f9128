import { assert, suite } from '#test';
import { gauss, type Planted, plantedResult } from '../claims/claims.test-kit.ts';
import { seededRandom } from '../stats/distributions.ts';
import { comparisonsOf } from './comparisons.ts';

const test = suite('bench/matrix: comparisons');

const CELLS = ['base', 'other'].map(condition => ({
  id: condition,
  topology: 'voters',
  condition,
  coordinates: {},
  tags: [],
  control: condition === 'base' ? null : 'base',
}));

function compare(planted: readonly Omit<Planted, 'topology'>[]) {
  const result = plantedResult(planted.map(each => ({ ...each, topology: 'voters' })));
  return comparisonsOf({ cells: CELLS, marginPercent: 3 }, { ...result, suite: 'test' });
}

/** Values of a control, and of a cell that is `factor` times as large, each with its own noise. */
function pair(
  metric: string,
  factor: number,
  n: number,
  spread: number,
  { seed = 1, roundsPerStart = 1 } = {},
): Omit<Planted, 'topology'>[] {
  const random = seededRandom(seed);
  const noise = () => Math.exp(spread * gauss(random));
  const control = Array.from({ length: n }, (_, round) => 1_000 * (1 + round) * noise());
  return [
    { metric, condition: 'base', values: control, roundsPerStart },
    { metric, condition: 'other', values: control.map(value => value * factor * noise()), roundsPerStart },
  ];
}

test('planted: a cell that writes 10 % less is worse, and one of equal speed is the same', () => {
  const [slower] = compare(pair('writeThroughput', 0.9, 8, 0.01));
  assert.is(slower!.finding, 'worse');
  assert.ok(Math.abs(slower!.ratio.value - 0.9) < 0.02);
  assert.equal([slower!.cell, slower!.control, slower!.ratio.n], ['other', 'base', 8]);
  assert.is(compare(pair('writeThroughput', 1, 8, 0.005))[0]!.finding, 'same');
});

test('less latency is better, though the ratio is below 1', () => {
  assert.is(compare(pair('writeLatencyP50', 0.8, 8, 0.01))[0]!.finding, 'better');
});

test('what noise hides is not shown, with the ratio that would have been', () => {
  const [noisy] = compare(pair('writeThroughput', 1.01, 6, 0.2));
  assert.is(noisy!.finding, 'not shown');
  assert.ok(noisy!.detectable! > 1.05);
});

test('planted: fewer than five starts say nothing, however clear they look and however many rounds they have', () => {
  for (const roundsPerStart of [1, 3]) {
    const [few] = compare(pair('writeThroughput', 0.5, 4 * roundsPerStart, 0.001, { roundsPerStart }));
    assert.equal([few!.finding, few!.detectable], ['not shown', undefined]);
  }
  const [lone] = compare(pair('writeThroughput', 0.5, 20, 0.001, { roundsPerStart: 20 }));
  assert.equal([lone!.finding, lone!.detectable], ['not shown', undefined], 'rounds of a single start');
  assert.is(compare(pair('writeThroughput', 0.5, 20, 0.001, { roundsPerStart: 4 }))[0]!.finding, 'worse');
  const [one] = compare(pair('writeThroughput', 0.5, 1, 0));
  assert.equal([one!.finding, one!.ratio.low, one!.ratio.high], ['not shown', null, null]);
});

test('equal cells are called different in about one of twenty comparisons', () => {
  let wrong = 0;
  for (let seed = 0; seed < 400; seed++) {
    const { finding } = compare(pair('writeThroughput', 1, 6, 0.1, { seed }))[0]!;
    if (finding === 'better' || finding === 'worse') wrong++;
  }
  assert.ok(wrong > 5 && wrong < 35, `${wrong} of 400`);
});

test('a metric that one of the two lacks, and idle time, are compared with nothing', () => {
  const [writes] = pair('writeThroughput', 1, 6, 0.1);
  assert.equal(compare([writes!]), []);
  assert.equal(compare(pair('machineIdle', 0.5, 8, 0.01)), []);
});
