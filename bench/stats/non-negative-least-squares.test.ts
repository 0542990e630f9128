import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { conditionNumber, type Matrix, nonNegativeLeastSquares } from './non-negative-least-squares.ts';

const test = suite('stats: least squares with coefficients that are not negative');

function residual(a: Matrix, b: readonly number[], x: readonly number[]): number {
  return a.reduce((sum, row, i) => sum + (row.reduce((s, v, j) => s + v * x[j]!, 0) - b[i]!) ** 2, 0);
}

/**
 * The best of every set of columns, each solved by elimination, as long as it has no negative coefficient.
 */
function bruteForce(a: Matrix, b: readonly number[]): number {
  const n = a[0]!.length;
  let best = residual(a, b, new Array(n).fill(0));
  for (let set = 1; set < 1 << n; set++) {
    const columns = Array.from({ length: n }, (_, j) => j).filter(j => (set >> j) & 1);
    const x = eliminate(
      columns.map(i => columns.map(j => a.reduce((s, row) => s + row[i]! * row[j]!, 0))),
      columns.map(j => a.reduce((s, row, i) => s + row[j]! * b[i]!, 0)),
    );
    if (x === undefined || x.some(value => value < 0)) continue;
    const full = new Array(n).fill(0);
    for (const [at, j] of columns.entries()) full[j] = x[at]!;
    best = Math.min(best, residual(a, b, full));
  }
  return best;
}

function eliminate(m: number[][], b: number[]): number[] | undefined {
  const n = m.length;
  for (let p = 0; p < n; p++) {
    let pivot = p;
    for (let i = p + 1; i < n; i++) if (Math.abs(m[i]![p]!) > Math.abs(m[pivot]![p]!)) pivot = i;
    if (Math.abs(m[pivot]![p]!) < 1e-9) return undefined;
    [m[p], m[pivot]] = [m[pivot]!, m[p]!];
    [b[p], b[pivot]] = [b[pivot]!, b[p]!];
    for (let i = 0; i < n; i++) {
      if (i === p) continue;
      const factor = m[i]![p]! / m[p]![p]!;
      for (let j = p; j < n; j++) m[i]![j]! -= factor * m[p]![j]!;
      b[i]! -= factor * b[p]!;
    }
  }
  return b.map((value, i) => value / m[i]![i]!);
}

const small = fc.integer({ min: -9, max: 9 });

test('nothing that brute force finds is better, and no coefficient is negative', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }).chain(columns =>
        fc.array(fc.tuple(fc.array(small, { minLength: columns, maxLength: columns }), small), {
          minLength: 1,
          maxLength: 8,
        }),
      ),
      rows => {
        const [a, b] = [rows.map(([row]) => row), rows.map(([, value]) => value)];
        const x = nonNegativeLeastSquares(a, b);
        assert.ok(x.every(value => value >= 0));
        assert.ok(residual(a, b, x) <= bruteForce(a, b) + 1e-6, `${residual(a, b, x)} ${bruteForce(a, b)}`);
      },
    ),
  );
});

test('costs that are all positive are found again from what they sum up to', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 4 }),
      fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 4, maxLength: 4 }), {
        minLength: 12,
        maxLength: 12,
      }),
      (truth, a) => {
        fc.pre(conditionNumber(a) < 1e3);
        const b = a.map(row => row.reduce((sum, value, j) => sum + value * truth[j]!, 0));
        for (const [j, value] of nonNegativeLeastSquares(a, b).entries())
          assert.ok(Math.abs(value - truth[j]!) < 1e-6 * 50);
      },
    ),
  );
});

test('a cost that would come out negative is 0, and the others take its place', () => {
  const x = nonNegativeLeastSquares(
    [
      [1, 0],
      [1, 1],
      [1, 2],
    ],
    [3, 2, 1],
  );
  assert.ok(Math.abs(x[0]! - 2) < 1e-9);
  assert.is(x[1], 0);
});

test('the condition number is 1 for orthogonal columns, large for similar ones, infinite for dependent ones', () => {
  assert.ok(
    Math.abs(
      conditionNumber([
        [5, 0],
        [0, 0.001],
      ]) - 1,
    ) < 1e-9,
  );
  const similar = conditionNumber([
    [1, 1],
    [1, 1.01],
  ]);
  assert.ok(similar > 100 && similar < 1_000, `${similar}`);
  assert.is(
    conditionNumber([
      [1, 2],
      [2, 4],
      [3, 6],
    ]),
    Infinity,
  );
  assert.is(
    conditionNumber([
      [1, 0],
      [2, 0],
    ]),
    Infinity,
  );
});

test('values that do not belong to the rows are refused', () => {
  assert.throws(() => nonNegativeLeastSquares([[1]], [1, 2]), /1 rows and 2 values/);
});
