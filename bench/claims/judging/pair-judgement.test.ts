import { assert, suite } from '#test';
import { seededRandom } from '../../stats/distributions.ts';
import { LEVEL, type TimedRule } from '../claim.ts';
import { noise, plantedResult } from '../claims.test-kit.ts';
import { Evidence, type Series } from './evidence.ts';
import { judgePair, type PairJudgement } from './pair-judgement.ts';

const test = suite('bench/claims: how often a verdict is wrong');

const PAIRS = 1_000;
/** 1 % of 1,000 pairs, plus three standard errors. */
const WRONG_MAX = 0.02;

const tells = { spread: 0.05, holds: 1.1, fails: 0.9 };
const above: TimedRule = { scale: 'ratio', margin: { low: 1 }, tells };
const unchanged: TimedRule = { scale: 'ratio', margin: { low: 0.9, high: 1 / 0.9 }, tells };

function seriesOf(values: readonly number[], roundsPerStart?: number): Series {
  const planted = plantedResult([
    { metric: 'm', topology: 'voters', values, ...(roundsPerStart && { roundsPerStart }) },
  ]);
  return new Evidence(planted).series('m', planted.topologies[0], 'healthy')!;
}

interface Draw {
  readonly ratio: number;
  readonly rounds?: number;
  readonly roundsPerStart?: number;
  readonly value?: (random: () => number) => number;
}

/** A machine that drifts by half within a run, and a pair of series that differ by `ratio` in truth. */
function judgedPair(rule: TimedRule, seed: number, draw: Draw): PairJudgement {
  const { ratio, rounds = 6, roundsPerStart } = draw;
  const { value = (random: () => number) => noise(random, 0.05 / Math.SQRT2) } = draw;
  const random = seededRandom(seed);
  const rate = (round: number) => 10_000 * (1 - round / (2 * rounds));
  const a = Array.from({ length: rounds }, (_, round) => rate(round) * value(random));
  const b = Array.from({ length: rounds }, (_, round) => rate(round) * ratio * value(random));
  const pair = { subject: 'b', control: 'a', aWhat: 'a', bWhat: 'b' };
  const [control, subject] = [seriesOf(a, roundsPerStart), seriesOf(b, roundsPerStart)];
  return judgePair({ ...pair, a: control, b: subject }, rule, LEVEL, 1);
}

function shares(rule: TimedRule, draw: Draw): Record<PairJudgement['verdict'], number> {
  const counts = { holds: 0, fails: 0, 'not shown here': 0 };
  for (let seed = 0; seed < PAIRS; seed++) counts[judgedPair(rule, seed, draw).verdict] += 1 / PAIRS;
  return counts;
}

/** Skewed, as throughput on a shared machine is. */
const skewed = (random: () => number) => 1 - 0.3 * random() ** 6;

test('A/A pairs: neither side is shown to be better in more than 1 % of 1,000 pairs each', () => {
  for (const draw of [{ ratio: 1 }, { ratio: 1, rounds: 12 }, { ratio: 1, value: skewed }]) {
    const { holds, fails } = shares(above, draw);
    assert.ok(holds <= WRONG_MAX && fails <= WRONG_MAX, `holds ${holds}, fails ${fails}`);
  }
});

test('A/A pairs come out as unchanged in nine of ten runs of 12 rounds, and never as changed', () => {
  const { holds, fails } = shares(unchanged, { ratio: 1, rounds: 12 });
  assert.ok(holds >= 0.9, `holds ${holds}`);
  assert.ok(fails <= WRONG_MAX, `fails ${fails}`);
});

test('at the margin a wrong verdict comes in at most 1 % of runs; planted: a level of 5 % errs more often', () => {
  assert.ok(shares(unchanged, { ratio: 0.9, rounds: 12 }).holds <= WRONG_MAX);
  assert.ok(shares(unchanged, { ratio: 1 / 0.9, rounds: 12 }).holds <= WRONG_MAX);
  let holds = 0;
  for (let seed = 0; seed < PAIRS; seed++) {
    const { pair } = judgedPair(above, seed, { ratio: 1 });
    if (judgePair(pair, above, 0.05, 1).verdict === 'holds') holds++;
  }
  assert.ok(holds / PAIRS > WRONG_MAX, `planted: ${holds / PAIRS}`);
});

test('planted: 10 % slower fails and 10 % faster holds in nine of ten runs of 12 rounds', () => {
  assert.ok(shares(above, { ratio: 0.9, rounds: 12 }).fails >= 0.9);
  assert.ok(shares(above, { ratio: 1.1, rounds: 12 }).holds >= 0.9);
});

test('"not shown here" comes with what could have been shown, on both sides of the margin', () => {
  const { verdict, estimate, reach } = judgedPair(above, 1, { ratio: 1.03 });
  assert.is(verdict, 'not shown here');
  const [low, high] = [reach!.fails!.low!, reach!.holds!.low!];
  assert.ok(low < 1 && 1 < high && high > estimate.high / estimate.value, `${low} ${high}`);
  assert.ok(reach!.rounds! > 6);
});

test('rounds of one start are not independent: starts that differ widen the interval', () => {
  const flat = judgedPair(above, 1, { ratio: 1, rounds: 12 }).estimate;
  const starts = judgedPair(above, 1, { ratio: 1, rounds: 12, roundsPerStart: 3 }).estimate;
  assert.ok(Math.abs(flat.value - starts.value) < 1e-9);
  assert.ok(starts.high / starts.low > flat.high / flat.low);
});
