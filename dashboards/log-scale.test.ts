import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { logScale } from './log-scale.ts';

const test = suite('dashboards: logarithmic scale');

test('the ends are the 1, 2 or 5 around the values; few decades get all three as ticks, many only powers of ten', () => {
  assert.equal(logScale([1.4, 16]), { domain: [1, 20], ticks: [1, 2, 5, 10, 20] });
  assert.equal(logScale([0.3, 700]), { domain: [0.2, 1000], ticks: [1, 10, 100, 1000] });
  assert.equal(logScale([2]), { domain: [2, 5], ticks: [2, 5] });
  assert.equal(logScale([0, 0]), { domain: [1, 10], ticks: [1, 10] });
});

test('a value one bit below a power of ten has its correct ends', () => {
  assert.equal(logScale([99.99999999999999]), { domain: [50, 100], ticks: [50, 100] });
  assert.equal(logScale([0.09999999999999999, 0.1]), { domain: [0.05, 0.1], ticks: [0.05, 0.1] });
});

test('every value and every tick is within the ends, and there are at least two ticks', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1 }), values => {
      const { domain, ticks } = logScale(values);
      const within = (value: number) => value >= domain[0] && value <= domain[1];
      assert.ok(values.every(within) && ticks.every(within), `${domain} ${ticks}`);
      assert.ok(domain[0] < domain[1] && ticks.length >= 2, `${domain} ${ticks}`);
    }),
  );
});
