/**
 * Least squares with coefficients that are not negative: costs are not, and a negative one would fit noise.
 * For some tens of columns. The algorithm is that of Lawson and Hanson, Solving Least Squares Problems
 * (1974), chapter 23.
 */

/** Rows of equal length. */
export type Matrix = readonly (readonly number[])[];

/** A gradient that is smaller than this share of the largest one counts as 0. */
const GRADIENT_MIN = 1e-10;
/** Rounding could let two columns take turns; without it, each step is nearer and none comes twice. */
const STEPS_PER_COLUMN_MAX = 20;

/**
 * Minimises |A x - b| over x >= 0. A column without effect gets 0.
 * @throws RangeError when A has no row, rows of different lengths, or not as many rows as b has values
 */
export function nonNegativeLeastSquares(a: Matrix, b: readonly number[]): number[] {
  return solveNormal(normalEquations(a, b));
}

/** A'A and A'b. They of several matrices add up to those of all their rows. */
export interface NormalEquations {
  readonly products: Matrix;
  readonly target: readonly number[];
}

/** @throws RangeError as `nonNegativeLeastSquares` */
export function normalEquations(a: Matrix, b: readonly number[]): NormalEquations {
  const columns = a[0]?.length ?? 0;
  if (columns === 0 || a.length !== b.length || a.some(row => row.length !== columns))
    throw new RangeError(`${a.length} rows and ${b.length} values: accepted is a value for each row`);
  const target = range(columns).map(j => a.reduce((sum, row, i) => sum + row[j]! * b[i]!, 0));
  return { products: gram(a), target };
}

/** Minimises |A x - b| over x >= 0. */
export function solveNormal({ products, target }: NormalEquations): number[] {
  const columns = target.length;
  const largest = Math.max(...target.map(Math.abs));
  let x: number[] = new Array(columns).fill(0);
  /** The columns whose coefficients may differ from 0. */
  const passive = new Set<number>();
  const isRefused = new Set<number>();
  for (let step = 0; step < STEPS_PER_COLUMN_MAX * columns; step++) {
    const gradient = target.map((t, j) => t - dot(products[j]!, x));
    const free = range(columns).filter(
      j => !passive.has(j) && !isRefused.has(j) && gradient[j]! > GRADIENT_MIN * largest,
    );
    if (free.length === 0) break;
    const next = free.reduce((best, j) => (gradient[j]! > gradient[best]! ? j : best));
    passive.add(next);
    const solved = solveWithin(products, target, x, passive);
    // A column that its own step drives out again depends on the others to the last digit.
    if (passive.has(next)) isRefused.clear();
    else isRefused.add(next);
    x = solved;
  }
  return x;
}

/** Moves from the feasible `x` towards the solution of the passive columns, as far as none is negative. */
function solveWithin(
  products: Matrix,
  target: readonly number[],
  x: readonly number[],
  passive: Set<number>,
) {
  let at = [...x];
  for (;;) {
    const chosen = [...passive];
    const solution = solveSymmetric(
      chosen.map(i => chosen.map(j => products[i]![j]!)),
      chosen.map(j => target[j]!),
    );
    const full = at.map(() => 0);
    for (const [index, j] of chosen.entries()) full[j] = solution[index]!;
    const negative = chosen.filter(j => !(full[j]! > 0));
    if (negative.length === 0) return full;
    const step = Math.min(...negative.map(j => at[j]! / Math.max(Number.MIN_VALUE, at[j]! - full[j]!)));
    at = at.map((value, j) => (passive.has(j) ? value + step * (full[j]! - value) : 0));
    const lowest = Math.min(...negative.map(j => at[j]!));
    for (const j of negative) {
      if (at[j]! > lowest) continue;
      passive.delete(j);
      at[j] = 0;
    }
    if (passive.size === 0) return at;
  }
}

/**
 * How far errors of the values can grow in the coefficients: the ratio of the largest to the smallest
 * singular value of A, whose columns are scaled to length 1 first. Infinity when columns depend on each
 * other.
 */
export function conditionNumber(a: Matrix): number {
  const products = gram(a);
  const lengths = products.map((row, j) => Math.sqrt(row[j]!));
  if (lengths.some(length => length === 0)) return Infinity;
  const scaled = products.map((row, i) => row.map((value, j) => value / (lengths[i]! * lengths[j]!)));
  const values = symmetricEigenvalues(scaled);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least <= most * Number.EPSILON * values.length ? Infinity : Math.sqrt(most / least);
}

/** A sweep of rotations removes nearly all that is beside the diagonal; a dozen are more than it takes. */
const SWEEPS_MAX = 50;

/** By Jacobi's rotations (Golub and Van Loan, Matrix Computations, section 8.5). */
function symmetricEigenvalues(matrix: Matrix): number[] {
  const m = matrix.map(row => [...row]);
  const n = m.length;
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let beside = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        beside += m[p]![q]! ** 2;
        rotate(m, p, q);
      }
    }
    if (beside < 1e-30) break;
  }
  return m.map((row, i) => row[i]!);
}

/** Rotates the plane of two axes so that the element (p, q) becomes 0. */
function rotate(m: number[][], p: number, q: number): void {
  const apq = m[p]![q]!;
  if (apq === 0) return;
  const theta = (m[q]![q]! - m[p]![p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (const row of m) {
    const [rp, rq] = [row[p]!, row[q]!];
    row[p] = c * rp - s * rq;
    row[q] = s * rp + c * rq;
  }
  const [mp, mq] = [m[p]!, m[q]!];
  for (let k = 0; k < m.length; k++) {
    const [pk, qk] = [mp[k]!, mq[k]!];
    mp[k] = c * pk - s * qk;
    mq[k] = s * pk + c * qk;
  }
}

/** A'A. */
function gram(a: Matrix): number[][] {
  const columns = a[0]?.length ?? 0;
  return range(columns).map(i => range(columns).map(j => a.reduce((sum, row) => sum + row[i]! * row[j]!, 0)));
}

/**
 * A pivot that is smaller than this share of its diagonal is noise: the column depends on those before it.
 */
const PIVOT_MIN = 1e-12;

/** By Cholesky's factors. A column that depends on those before it gets 0. */
function solveSymmetric(m: Matrix, b: readonly number[]): number[] {
  const n = m.length;
  const l: number[][] = [];
  for (let i = 0; i < n; i++) {
    const row: number[] = [];
    for (let j = 0; j <= i; j++) {
      const rest = m[i]![j]! - dot(row, (l[j] ?? row).slice(0, j));
      if (j < i) row.push(l[j]![j]! === 0 ? 0 : rest / l[j]![j]!);
      else row.push(rest > PIVOT_MIN * m[i]![i]! ? Math.sqrt(rest) : 0);
    }
    l.push(row);
  }
  const y: number[] = [];
  for (let i = 0; i < n; i++) y.push(l[i]![i]! === 0 ? 0 : (b[i]! - dot(y, l[i]!)) / l[i]![i]!);
  const x: number[] = new Array(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const above = range(n).reduce((sum, k) => (k > i ? sum + l[k]![i]! * x[k]! : sum), 0);
    x[i] = l[i]![i]! === 0 ? 0 : (y[i]! - above) / l[i]![i]!;
  }
  return x;
}

/** Over the shorter of the two. */
function dot(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
