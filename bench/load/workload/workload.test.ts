import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { seededRandom } from '../../stats/distributions.ts';
import { arrivalsOf, constantArrivals, poissonArrivals } from '../arrivals.ts';
import { type KeySkew, keyChooser } from './key-skew.ts';
import { operationNames } from './operations.ts';
import { Workload, type WorkloadSpec } from './workload.ts';

const test = suite('load: workload');

const SPEC: WorkloadSpec = {
  mix: { getData: 3, setData: 1 },
  valueBytes: 10,
  keyCount: 250,
  skew: { kind: 'uniform' },
  seed: 1,
};

function counts(skew: KeySkew, keyCount: number, draws = 100_000): number[] {
  const choose = keyChooser(skew, keyCount);
  const random = seededRandom(3);
  const found = new Array<number>(keyCount).fill(0);
  for (let i = 0; i < draws; i++) found[choose(random())]!++;
  return found;
}

test('every chooser stays within the keys, for every u in [0, 1)', () => {
  const u = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      u,
      fc.integer({ min: 2, max: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (at, n, share) => {
        for (const skew of [
          { kind: 'uniform' },
          { kind: 'zipfian', exponent: 0.99 },
          { kind: 'hot', share, keys: 1 },
        ] satisfies KeySkew[]) {
          const key = keyChooser(skew, n)(at);
          assert.ok(Number.isInteger(key) && key >= 0 && key < n, `${skew.kind} ${at} -> ${key} of ${n}`);
        }
      },
    ),
  );
});

test('zipfian: key k is drawn in proportion to 1 / (k + 1) ^ s', () => {
  const found = counts({ kind: 'zipfian', exponent: 0.99 }, 100);
  const weights = found.map((_, i) => 1 / (i + 1) ** 0.99);
  const total = weights.reduce((a, b) => a + b);
  for (const i of [0, 1, 9, 50]) {
    const expected = (weights[i]! / total) * 100_000;
    assert.ok(
      Math.abs(found[i]! - expected) < 5 * Math.sqrt(expected),
      `key ${i}: ${found[i]} of ${expected}`,
    );
  }
});

test('hot: the share goes to the hot keys, the rest to the others', () => {
  const found = counts({ kind: 'hot', share: 0.8, keys: 5 }, 100);
  const hot = found.slice(0, 5).reduce((a, b) => a + b);
  assert.ok(Math.abs(hot - 80_000) < 1_000, `${hot}`);
  assert.ok(found.every(count => count > 0));
});

test('invalid settings are refused by name', () => {
  assert.throws(() => keyChooser({ kind: 'uniform' }, 0), /keyCount 0/);
  assert.throws(() => keyChooser({ kind: 'hot', share: 2, keys: 1 }, 9), /hot share 2/);
  assert.throws(() => keyChooser({ kind: 'hot', share: 0.5, keys: 9 }, 9), /9 hot keys of 9/);
  assert.throws(() => keyChooser({ kind: 'zipfian', exponent: -1 }, 9), /exponent -1/);
  assert.throws(() => new Workload({ ...SPEC, mix: {} }), /operation mix/);
  assert.throws(() => new Workload({ ...SPEC, mix: { getdata: 1 } as never }), /names getdata/);
  assert.throws(() => new Workload({ ...SPEC, valueBytes: -1 }), /valueBytes -1/);
  assert.throws(() => constantArrivals(0), /rate 0/);
  for (const [more, message] of [
    [{ root: '/zookeeper/x' }, /root \/zookeeper\/x: a path such as \/load/],
    [{ root: 'load' }, /root load/],
    [{ keyCount: 1_000_001 }, /keyCount 1000001: a whole number from 1 to 1000000/],
    [{ multiSize: 0 }, /multiSize 0/],
    [{ mix: { multi: 1 }, multiSize: 11, valueBytes: 100_000 }, /multiSize 11: .* not 1100000$/],
    [{ ballast: { nodes: -1, valueBytes: 0 } }, /ballast.nodes -1/],
  ] as const)
    assert.throws(() => new Workload({ ...SPEC, ...more }), message);
});

test('operations come by weight, and an operation with weight 0 never', () => {
  const workload = new Workload(SPEC);
  const random = seededRandom(5);
  const found = operationNames.map(() => 0);
  for (let i = 0; i < 40_000; i++) found[workload.chooseOperation(random())]!++;
  assert.is(found[0]! + found[3]!, 40_000);
  assert.ok(Math.abs(found[0]! - 30_000) < 500);
  assert.is(operationNames[workload.chooseOperation(1 - Number.EPSILON)], 'setData');
});

test('keys lie in directories of a bounded size', () => {
  const { keyPaths, directories } = new Workload(SPEC);
  assert.is(directories.length, 3);
  assert.is(keyPaths[0], '/load/d0/k0');
  assert.is(keyPaths[249], '/load/d2/k249');
});

test('constant arrivals do not drift; equal seeds give equal Poisson arrivals with the requested rate', () => {
  const constant = constantArrivals(300);
  for (let i = 0; i < 3_000_000; i++) constant();
  assert.is(constant(), 10_000_000);
  const [a, b] = [1, 1].map(seed => poissonArrivals(1_000, seededRandom(seed)));
  let previous = 0;
  for (let i = 0; i < 50_000; i++) {
    const at = a!();
    assert.is(at, b!());
    assert.ok(at >= previous);
    previous = at;
  }
  assert.ok(Math.abs(previous / 50_000 - 1) < 0.03, `mean gap ${previous / 50_000} ms`);
});

test('Poisson gaps scatter exponentially; constant ones do not scatter', () => {
  const scatter = (kind: 'constant' | 'poisson'): number => {
    const next = arrivalsOf(kind, 1_000, seededRandom(9));
    const gaps: number[] = [];
    let previous = next();
    for (let i = 0; i < 20_000; i++) {
      const at = next();
      gaps.push(at - previous);
      previous = at;
    }
    const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length;
    return Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length) / mean;
  };
  assert.ok(scatter('constant') < 1e-6);
  assert.ok(Math.abs(scatter('poisson') - 1) < 0.05);
});
