import { assert, suite } from '#test';
import { differenceOfMeans, meanOfSide } from './independent-means.ts';
import { intervalOf, type RoundValue } from './mean-interval.ts';

const test = suite('stats: independent means');

const rounds = (...values: number[]): RoundValue[] => values.map(value => ({ start: 0, value }));

test("Welch's interval agrees with a worked example", () => {
  // Means 3 and 7, variances of the means 0.5 and 2, so that df = 2.5² / (0.25 / 4 + 4 / 4) = 5.88.
  const found = differenceOfMeans([rounds(1, 2, 3, 4, 5)], [rounds(3, 5, 7, 9, 11)]);
  assert.is(found.value, 4);
  assert.ok(Math.abs(found.standardError! - Math.sqrt(2.5)) < 1e-12);
  assert.is(found.degreesOfFreedom, 5);
});

test('with several runs on both sides a run is one sample, whatever its number of rounds', () => {
  const a = [rounds(1, 1, 1, 1), rounds(3), rounds(2, 2)];
  const mean = meanOfSide(a);
  assert.is(mean.value, 2);
  assert.is(mean.starts, 3);
  assert.is(mean.degreesOfFreedom, 2);
});

test('a single run beside several takes its spread from theirs', () => {
  const nights = [rounds(9), rounds(10), rounds(11)];
  // Between nights s is 1: one more night lies within 1 × √(1 + 1/3) of their mean.
  for (const [a, b] of [
    [nights, [rounds(10, 10, 10)]],
    [[rounds(10, 10, 10)], nights],
  ] as const) {
    const { standardError, degreesOfFreedom } = differenceOfMeans(a, b);
    assert.ok(Math.abs(standardError! - Math.sqrt(4 / 3)) < 1e-12);
    assert.is(degreesOfFreedom, 2);
  }
});

test('two sides without spread differ by exactly what they differ by, and a single round says nothing', () => {
  const sure = differenceOfMeans([rounds(1, 1, 1)], [rounds(2, 2, 2)]);
  assert.equal(intervalOf(sure, 0.01), { low: 1, high: 1 });
  const unknown = differenceOfMeans([rounds(1)], [rounds(2)]);
  assert.equal(intervalOf(unknown, 0.01), { low: -Infinity, high: Infinity });
});

test('runs that did not measure the cell are no samples', () => {
  assert.is(meanOfSide([[], rounds(1, 2, 3)]).rounds, 3);
  assert.is(differenceOfMeans([[], rounds(1, 2)], [rounds(3, 4), []]).value, 2);
});
