import { assert, suite } from '#test';
import { seededRandom } from '../stats/distributions.ts';
import type { Tests } from './claim.ts';
import { plantedResult } from './claims.test-kit.ts';
import { Evidence, type Series } from './evidence.ts';
import { atLeast, atMostAbove, below } from './timed.ts';

const test = suite('bench/claims: tests of the timed channel');

const ROUNDS = 12;
const REPEATS = 200;

function seriesOf(values: readonly number[]): Series {
  const planted = plantedResult([{ metric: 'm', topology: 'voters', values }]);
  return new Evidence(planted).series('m', planted.topologies[0], 'healthy')!;
}

/**
 * `a` and `b` differ by exactly what the test allows, so both of its answers are wrong and may each come in 5
 * % of runs.
 */
const AT_THE_MARGIN: Record<string, (noise: () => number) => Tests> = {
  'at least 90 %': noise => atLeast(many(100, noise), many(90, noise), 0.9),
  'at most 5 above': noise => atMostAbove(many(100, noise), many(105, noise), 5),
  below: noise => below(many(100, noise), many(100, noise)),
};

function many(centre: number, noise: () => number): Series {
  return seriesOf(Array.from({ length: ROUNDS }, () => centre * (1 + noise())));
}

/** Skewed, as throughput on a shared machine is. */
function noiseOf(seed: number): () => number {
  const random = seededRandom(seed);
  return () => 0.1 * random() ** 3;
}

/** Share of runs with this answer at this level. */
function shareOf(runs: readonly Tests[], answer: keyof Tests, level: number): number {
  return runs.filter(tests => tests[answer] <= level).length / runs.length;
}

/** 5 % of 200 runs, plus two standard errors. */
const SHARE_MAX = 0.08;

for (const [name, run] of Object.entries(AT_THE_MARGIN))
  test(`${name}: at the margin each answer comes in at most 5 % of runs; planted: at twice the level one comes more often`, () => {
    const runs = Array.from({ length: REPEATS }, (_, seed) => run(noiseOf(seed)));
    for (const answer of ['holds', 'fails'] as const) {
      const share = shareOf(runs, answer, 0.05);
      assert.ok(share <= SHARE_MAX, `${answer} in ${share * 100} % of runs`);
    }
    const planted = Math.max(shareOf(runs, 'holds', 0.1), shareOf(runs, 'fails', 0.1));
    assert.ok(planted > SHARE_MAX, `planted: ${planted * 100} %`);
  });

test('planted: "no difference shown" is not taken for equality; three noisy rounds show nothing', () => {
  const [a, b] = [seriesOf([100, 90, 120]), seriesOf([99, 130, 80])];
  const { holds, fails } = atLeast(a, b, 0.9);
  assert.ok(fails > 0.05, 'nothing was shown to differ');
  assert.ok(holds > 0.05, 'and nothing to be the same');
});
