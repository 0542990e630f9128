import { assert, suite } from '#test';
import { largestValueBytes, type ValueSizes, valuesOf } from './value-sizes.ts';

const test = suite('load: value sizes');

const lengths = (sizes: ValueSizes) => valuesOf(sizes, 1).map(({ length }) => length);
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;

test('one size is one value, and equal seeds give equal bytes', () => {
  assert.equal(lengths(100), [100]);
  assert.equal(lengths(0), [0]);
  assert.equal(valuesOf(1_000, 7), valuesOf(1_000, 7));
  assert.not.equal(valuesOf(1_000, 7), valuesOf(1_000, 8));
});

test('uniform sizes lie evenly between their bounds', () => {
  const found = lengths({ kind: 'uniform', min: 10, max: 1_010 });
  assert.ok(Math.min(...found) >= 10 && Math.max(...found) <= 1_010);
  assert.ok(Math.abs(meanOf(found) - 510) < 2, `mean ${meanOf(found)}`);
  assert.equal([...new Set(lengths({ kind: 'uniform', min: 5, max: 5 }))], [5]);
});

test('lognormal sizes have the median and the sigma that were asked for, and end at max', () => {
  const sizes = { kind: 'lognormal', median: 200, sigma: 0.5, max: 100_000 } as const;
  const found = lengths(sizes);
  assert.ok(Math.abs(found[127]! - 200) <= 1, `median ${found[127]}`);
  const logs = found.map(Math.log);
  const scatter = Math.sqrt(meanOf(logs.map(log => (log - meanOf(logs)) ** 2)));
  assert.ok(Math.abs(scatter - 0.5) < 0.02, `sigma ${scatter}`);
  assert.is(Math.max(...lengths({ ...sizes, sigma: 4 })), 100_000);
  assert.is(largestValueBytes(sizes), 100_000);
});

test('sizes that no server takes are refused by name', () => {
  for (const [sizes, message] of [
    [1_000_001, /^valueBytes 1000001: 0 to 1,000,000/],
    [1.5, /^valueBytes 1.5/],
    [{ kind: 'uniform', min: 10, max: 9 }, /^valueBytes.min 10: at most max, which is 9/],
    [{ kind: 'uniform', min: 0, max: 2_000_000 }, /^valueBytes.max 2000000/],
    [{ kind: 'lognormal', median: 0, sigma: 1, max: 9 }, /^valueBytes.median 0: 1 to max, which is 9/],
    [{ kind: 'lognormal', median: 10, sigma: 6, max: 90 }, /^valueBytes.sigma 6: 0 to 5/],
  ] as const)
    assert.throws(
      () => valuesOf(sizes, 1),
      (error: Error) => message.test(error.message),
    );
});
