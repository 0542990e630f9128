import { assert, suite } from '#test';
import { seededRandom } from './distributions.ts';
import { detectable, intervalOf, meanOf, type RoundValue, roundsToDetect } from './mean-interval.ts';
import { studentCdf, studentQuantile } from './student.ts';

const test = suite('stats: Student’s t and intervals of means');

test('quantiles of t are the published ones', () => {
  const table: [p: number, df: number, quantile: number][] = [
    [0.975, 1, 12.7062047361747],
    [0.975, 2, 4.30265272974946],
    [0.99, 3, 4.54070285856814],
    [0.99, 4, 3.7469473879792],
    [0.99, 5, 3.36492999890722],
    [0.95, 10, 1.81246112281168],
    [0.99, 11, 2.71807918381386],
    [0.995, 30, 2.74999565356722],
    [0.975, 120, 1.97993040508244],
  ];
  for (const [p, df, quantile] of table) {
    assert.ok(
      Math.abs(studentQuantile(p, df) / quantile - 1) < 1e-9,
      `t(${p}, ${df}) ${studentQuantile(p, df)}`,
    );
    assert.ok(Math.abs(studentQuantile(1 - p, df) / quantile + 1) < 1e-9);
    assert.ok(Math.abs(studentCdf(quantile, df) - p) < 1e-9);
  }
  assert.throws(() => studentQuantile(0.99, 0), /degrees of freedom 0: accepted are whole numbers from 1 on/);
  assert.throws(() => studentQuantile(0, 5), /probability 0: accepted are/);
});

const RUNS = 2_000;
const TAIL = 0.05;

/** The true mean is 0; a start is off by `ofStart` and a round by `ofRound` standard deviations. */
function sample(
  seed: number,
  starts: number,
  rounds: number,
  ofStart: number,
  ofRound: number,
): RoundValue[] {
  const random = seededRandom(seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: starts }, (_, start) => {
    const off = ofStart * gauss();
    return Array.from({ length: rounds }, () => ({ start, value: off + ofRound * gauss() }));
  }).flat();
}

/** Share of runs whose interval lies wholly above the true mean. */
function missesBelow(draw: (seed: number) => RoundValue[]): number {
  let misses = 0;
  for (let seed = 0; seed < RUNS; seed++) if (intervalOf(meanOf(draw(seed)), TAIL).low > 0) misses++;
  return misses / RUNS;
}

/** 5 % of 2,000 runs, plus three standard errors. */
const MISSES_MAX = 0.065;

test('each end of an interval errs in at most the stated share of runs, with one start and with several', () => {
  const plans: [starts: number, rounds: number, ofStart: number][] = [
    [1, 5, 0],
    [1, 12, 0],
    [4, 3, 0],
    [4, 3, 1],
    [3, 4, 3],
  ];
  for (const plan of plans) {
    const share = missesBelow(seed => sample(seed, ...plan, 1));
    assert.ok(share <= MISSES_MAX && share >= TAIL / 2, `${plan.join(' ')}: ${share * 100} %`);
  }
});

test('planted: rounds taken as independent of their start miss the truth far more often', () => {
  const pooled = (seed: number) => sample(seed, 4, 3, 1, 1).map(({ value }) => ({ start: 0, value }));
  assert.ok(missesBelow(pooled) > 2 * TAIL);
});

test('several starts are as many samples, one round gives no interval, equal rounds an interval of no width', () => {
  const of = (...values: readonly [start: number, value: number][]) =>
    meanOf(values.map(([start, value]) => ({ start, value })));
  const two = of([0, 1], [0, 3], [1, 6], [1, 8]);
  assert.equal([two.value, two.degreesOfFreedom, two.rounds, two.starts], [4.5, 1, 4, 2]);
  assert.equal(intervalOf(of([0, 3]), 0.01), { low: -Infinity, high: Infinity });
  assert.equal(intervalOf(of([0, 3], [0, 3]), 0.01), { low: 3, high: 3 });
});

test('what is called detectable is detected as often as stated, and with the rounds that are asked for', () => {
  const [spread, level, power] = [0.05, 0.01, 0.9];
  const planned = meanOf(
    [-spread, -spread / 2, 0, 0, spread / 2, spread].map(value => ({ start: 0, value })),
  );
  const rounds = roundsToDetect(planned, 0.05, level, power)!;
  const scaled = planned.standardError! * Math.sqrt(6);
  let shown = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const drawn = sample(seed, 1, rounds, 0, scaled).map(({ start, value }) => ({
      start,
      value: value + 0.05,
    }));
    if (intervalOf(meanOf(drawn), level).low > 0) shown++;
  }
  assert.ok(shown / RUNS > power - 0.03, `${rounds} rounds: ${(shown / RUNS) * 100} %`);
  assert.ok(detectable(planned, level, power) > 0.05);
  assert.is(roundsToDetect(planned, 1e-5, level, power), undefined, 'an effect at the margin needs too many');
});
