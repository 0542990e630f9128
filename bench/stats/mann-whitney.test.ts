import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { holm } from './holm.ts';
import { mannWhitney } from './mann-whitney.ts';
import { twiceUCounts } from './u-distribution.ts';

const test = suite('stats: Mann-Whitney and Holm');

/** The definition, pair by pair. */
function naiveU(a: readonly number[], b: readonly number[]): number {
  let u = 0;
  for (const x of a) for (const y of b) u += x > y ? 1 : x === y ? 0.5 : 0;
  return u;
}

/** Enumerates all ways to choose a's values: the share whose U is at least as far from the middle. */
function naiveP(a: readonly number[], b: readonly number[]): number {
  const all = [...a, ...b];
  const middle = (a.length * b.length) / 2;
  const observed = naiveU(a, b);
  let [asFar, total] = [0, 0];
  for (let mask = 0; mask < 1 << all.length; mask++) {
    const inA = all.filter((_, i) => (mask >> i) & 1);
    if (inA.length !== a.length) continue;
    total++;
    const u = naiveU(
      inA,
      all.filter((_, i) => !((mask >> i) & 1)),
    );
    if (Math.abs(u - middle) >= Math.abs(observed - middle)) asFar++;
  }
  return asFar / total;
}

const distinct = (maxLength: number) =>
  fc.uniqueArray(fc.integer({ min: -99, max: 99 }), { minLength: 2, maxLength });
const samples = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 });

const tied = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 9 });

type Implementation = (a: readonly number[], b: readonly number[]) => { u: number; p: number };

function agreesWithTwin(implementation: Implementation, pooled: fc.Arbitrary<number[]>): void {
  fc.assert(
    fc.property(pooled, fc.double({ min: 0.2, max: 0.8, noNaN: true }), (all, share) => {
      const cut = Math.min(all.length - 1, Math.max(1, Math.round(all.length * share)));
      const [a, b] = [all.slice(0, cut), all.slice(cut)];
      const { u, p } = implementation(a, b);
      assert.is(u, naiveU(a, b));
      assert.ok(Math.abs(p - naiveP(a, b)) < 1e-12, `p ${p} for ${a} | ${b}`);
    }),
    { numRuns: 60 },
  );
}

test('exact p and U agree with counting every arrangement', () => agreesWithTwin(mannWhitney, distinct(9)));

test('with ties too: few values, many of them equal, are enumerated and not approximated', () =>
  agreesWithTwin(mannWhitney, tied));

test('planted: a one-sided p passed off as two-sided is caught', () => {
  const oneSided: Implementation = (a, b) => ({ ...mannWhitney(a, b), p: mannWhitney(a, b).p / 2 });
  assert.throws(() => agreesWithTwin(oneSided, distinct(9)));
});

test('planted: ranks of equal values taken as distinct are caught', () => {
  const jittered: Implementation = (a, b) => ({
    ...mannWhitney(
      a.map((value, i) => value + i * 1e-6),
      b.map((value, i) => value + 0.5e-6 + i * 1e-6),
    ),
    u: naiveU(a, b),
  });
  assert.throws(() => agreesWithTwin(jittered, tied));
});

test('three against three, all tied within a side, give 0.1, where a normal approximation gives 0.047', () => {
  const { p, method } = mannWhitney([1, 1, 1], [2, 2, 2]);
  assert.is(method, 'exact');
  assert.ok(Math.abs(p - 0.1) < 1e-12);
});

test('U with ties follows its definition, and swapping the samples mirrors it', () => {
  fc.assert(
    fc.property(samples, samples, (a, b) => {
      const [one, other] = [mannWhitney(a, b), mannWhitney(b, a)];
      assert.is(one.u, naiveU(a, b));
      assert.is(one.u + other.u, a.length * b.length);
      assert.ok(Math.abs(one.p - other.p) < 1e-12);
      assert.ok(one.p >= 0 && one.p <= 1);
      assert.is(one.shift.value + other.shift.value, 0);
      assert.ok(one.shift.low <= one.shift.value && one.shift.value <= one.shift.high);
    }),
  );
});

test('critical values of U match the published table (two-sided 5 %)', () => {
  const table: [number, number, number][] = [
    [4, 4, 0],
    [5, 5, 2],
    [6, 8, 8],
    [8, 9, 15],
    [10, 10, 23],
    [15, 15, 64],
    [20, 20, 127],
  ];
  for (const [nA, nB, critical] of table) {
    const counts = twiceUCounts(new Array<number>(nA + nB).fill(1), nA);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const pAtMost = (u: number) =>
      (2 * counts.slice(0, 2 * u + 1).reduce((sum, count) => sum + count, 0)) / total;
    assert.ok(pAtMost(critical) <= 0.05, `${nA},${nB}`);
    assert.ok(pAtMost(critical + 1) > 0.05, `${nA},${nB}`);
  }
});

test('the normal approximation, with and without ties, agrees with the exact p where it takes over', () => {
  for (const step of [1, 7]) {
    const a = Array.from({ length: 51 }, (_, i) => Math.floor((i * 2 + 9) / step));
    const b = Array.from({ length: 50 }, (_, i) => Math.floor((i * 2 + 0.5) / step));
    const { u, p, method, warnings } = mannWhitney(a, b);
    assert.is(method, 'normal');
    assert.equal(warnings, ['APPROXIMATE']);
    const pooled = [...a, ...b];
    const tied = [...new Set(pooled)]
      .sort((x, y) => x - y)
      .map(value => pooled.filter(each => each === value).length);
    const counts = twiceUCounts(tied, a.length);
    const sum = (part: Float64Array) => part.reduce((total, count) => total + count, 0);
    const exact = sum(counts.slice(2 * u)) / sum(counts);
    assert.ok(Math.abs(p - 2 * exact) < 0.004, `${p} and ${2 * exact}`);
  }
});

test('three against three can never reach 5 %, and a warning says so', () => {
  assert.ok(mannWhitney([1, 2, 3], [4, 5, 6]).warnings.includes('CANNOT_REACH'));
  assert.not.ok(mannWhitney([1, 2, 3, 4], [5, 6, 7, 8]).warnings.includes('CANNOT_REACH'));
  assert.equal(mannWhitney([], [1]).warnings, ['EMPTY']);
});

test('equal values show no difference', () => assert.is(mannWhitney([1, 1, 1], [1, 1, 1]).p, 1));

test('Holm: the textbook example, and order is kept', () => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005]).map(p => Math.round(p * 1e6) / 1e6);
  assert.equal(adjusted, [0.03, 0.06, 0.06, 0.02]);
});

test('Holm never lowers a p, never passes 1, never exceeds Bonferroni, and keeps the order of evidence', () => {
  const p = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(p, { maxLength: 12 }), ps => {
      const adjusted = holm(ps);
      ps.forEach((raw, i) => {
        assert.ok(adjusted[i]! >= raw && adjusted[i]! <= Math.min(1, raw * ps.length) + 1e-15);
        for (const [j, other] of ps.entries()) assert.ok(raw >= other || adjusted[i]! <= adjusted[j]!);
      });
    }),
  );
});
