import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { gathered } from './batching.ts';
import { fitCosts } from './cost-model.ts';
import { syntheticWindows, TRUE_BATCHING, TRUE_COSTS, TRUE_OVERHEADS } from './prediction.test-kit.ts';
import { WORK_KINDS } from './work.ts';

const test = suite('prediction: the cost model');

/** Enough where no interval is looked at. */
const FEW = 5;

const near = (found: number, truth: number, share: number) =>
  assert.ok(Math.abs(found - truth) <= share * truth, `${found} is not within ${share} of ${truth}`);

test('costs, windows and sizes that made the measurements are found again', () => {
  const model = fitCosts(syntheticWindows(), FEW);
  for (const kind of WORK_KINDS) near(model.costs[kind], TRUE_COSTS[kind], 1e-4);
  near(model.batching.fsyncMs, TRUE_BATCHING.fsyncMs, 1e-4);
  near(model.batching.flushMs, TRUE_BATCHING.flushMs, 1e-4);
  near(model.batching.turnMs, TRUE_BATCHING.turnMs, 1e-4);
  for (const [kind, bytes] of Object.entries(TRUE_OVERHEADS))
    near(model.overheads[kind as keyof typeof TRUE_OVERHEADS], bytes, 1e-9);
  assert.ok(model.medianError < 1e-4);
  assert.is(model.refusal, undefined);
});

test('with noise of 5 % the held-out cells are still predicted, and the intervals contain most costs', () => {
  const { medianError, fitted, refusal } = fitCosts(syntheticWindows({ noise: 0.05, rounds: 3 }));
  assert.ok(medianError < 0.05, `${medianError}`);
  assert.is(refusal, undefined);
  const contained = fitted.filter(
    ({ kind, low, high }) => low <= TRUE_COSTS[kind] && TRUE_COSTS[kind] <= high,
  );
  assert.ok(contained.length >= WORK_KINDS.length - 2, `${contained.length}`);
});

test('a member whose CPU grows with the square of its connections fails the held-out cells: no prediction', () => {
  const { medianError, heldOut, refusal } = fitCosts(
    syntheticWindows({
      coresOf: ({ work, role }) => {
        const cores = WORK_KINDS.reduce((sum, kind) => sum + work[kind] * TRUE_COSTS[kind], 0) / 1e6;
        const learners = (work.followerTold + work.observerTold) / (work.led || 1);
        return role === 'leader' ? cores * (1 + learners ** 2 / 10) : cores * (1 + work.followed / 1e3);
      },
    }),
    FEW,
  );
  assert.ok(medianError > 0.15, `${medianError}`);
  assert.match(refusal ?? '', /median error of the held-out cells is \d+ %, and at most 15 %/);
  assert.ok(heldOut.some(({ role, error }) => role === 'leader' && Math.abs(error) > 0.3));
});

test('cells of one size and one rate cannot tell costs apart: no prediction', () => {
  const windows = syntheticWindows();
  const alike = windows.filter(({ isHeldOut, topology }) => isHeldOut || topology === 'voters=3 observers=2');
  const once = alike.filter(({ isHeldOut, ratePerSecond }) => isHeldOut || ratePerSecond === 250);
  const many = Array.from({ length: 12 }, () => once.filter(({ isHeldOut }) => !isHeldOut)).flat();
  assert.match(
    fitCosts([...many, ...once.filter(({ isHeldOut }) => isHeldOut)], FEW).refusal ?? '',
    /cannot be told apart: the condition number of the fit is/,
  );
});

test('too few windows, and none to test with, are refused with what is accepted', () => {
  const windows = syntheticWindows();
  const training = windows.filter(({ isHeldOut }) => !isHeldOut);
  assert.throws(() => fitCosts(training.slice(0, 5)), /5 windows .* and 0 .* at least 12 and 1/);
  assert.throws(() => fitCosts(training), /and 0 to test/);
});

test('rare events have a window each, and many share them', () => {
  assert.is(gathered(0, 1), 0);
  assert.ok(Math.abs(gathered(1, 0.01) - 1) < 1e-4);
  assert.ok(Math.abs(gathered(1e6, 1) - 1_000) < 1);
  // Counted one by one: a window that ends begins the next at once if an event came while it lasted.
  const random = new SeededRandom('gathered');
  let [now, endsAt, windows, hasMore] = [0, 0, 0, false];
  for (let event = 0; event < 50_000; event++) {
    now -= Math.log(1 - random.float()) / 1_500;
    for (; now >= endsAt && hasMore; windows++) [endsAt, hasMore] = [endsAt + 0.001, false];
    if (now < endsAt) hasMore = true;
    else [endsAt, windows] = [now + 0.001, windows + 1];
  }
  near(windows / now, gathered(1_500, 1), 0.02);
});
