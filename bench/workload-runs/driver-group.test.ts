import { assert, suite } from '#test';
import { sharesOf } from './driver-group.ts';
import { SPEC } from './workload-runs.test-kit.ts';

const test = suite('workload runs: the shares of drivers');

test('each driver has its share of the sessions and of the rate, and its own session numbers', () => {
  const shares = sharesOf({ ...SPEC, targets: [...SPEC.targets, { name: 'v2', host: '::1', port: 2 }] }, 2);
  assert.equal(
    shares.map(({ sessionsPerTarget, firstSession }) => [sessionsPerTarget, firstSession]),
    [
      [3, 0],
      [2, 6],
    ],
  );
  assert.equal(
    shares.map(({ mode }) => mode.kind === 'open' && mode.ratePerSecond),
    [600, 400],
  );
  assert.is(new Set(shares.map(({ workload }) => workload.seed)).size, 2, 'their arrivals differ');
  const segments = [{ fromPerSecond: 10, toPerSecond: 20, forMs: 5 }];
  const [first] = sharesOf({ ...SPEC, mode: { kind: 'profile', segments, arrivals: 'poisson' } }, 5);
  assert.equal(first!.mode, {
    kind: 'profile',
    segments: [{ fromPerSecond: 2, toPerSecond: 4, forMs: 5 }],
    arrivals: 'poisson',
  });
  assert.equal(sharesOf({ ...SPEC, mode: { kind: 'closed', depth: 3 } }, 2)[1]!.mode, {
    kind: 'closed',
    depth: 3,
  });
});
