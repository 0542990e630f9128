import { assert, suite } from '#test';
import { planSync, type SyncPlan } from './sync-plan.ts';

const test = suite('quorum: sync plan');

const e = (epoch: number, counter: number): number => epoch * 2 ** 32 + counter;

function plan(
  peer: number,
  zxids: number[],
  options: { last?: number; disk?: number[] | null; force?: boolean } = {},
): SyncPlan {
  const last = options.last ?? zxids.at(-1) ?? 0;
  return planSync({
    peerLastZxid: peer,
    lastProcessedZxid: last,
    committed: { min: zxids[0] ?? last, max: zxids.at(-1) ?? last, zxids },
    disk: options.disk ?? null,
    forceSnapshot: options.force ?? false,
  });
}

const log = [e(1, 3), e(1, 4), e(1, 5), e(2, 1), e(2, 2)];

test('a learner that has everything gets an empty DIFF', () => {
  assert.equal(plan(e(2, 2), log), { mode: 'DIFF', zxid: e(2, 2), after: e(2, 2), source: 'none' });
});

test('a learner that lags gets what follows its last transaction', () => {
  assert.equal(plan(e(1, 4), log), { mode: 'DIFF', zxid: e(2, 2), after: e(1, 4), source: 'committedLog' });
});

test('a learner ahead of everything committed is cut back', () => {
  assert.equal(plan(e(2, 9), log), { mode: 'TRUNC', zxid: e(2, 2), after: e(2, 2), source: 'none' });
});

test('a learner with uncommitted transactions of the same epoch is cut and then sent the rest', () => {
  assert.equal(plan(e(1, 4), [e(1, 2), e(1, 3), e(1, 5)]), {
    mode: 'TRUNC',
    zxid: e(1, 3),
    after: e(1, 3),
    source: 'committedLog',
  });
});

test('a learner with uncommitted transactions of an older epoch gets a snapshot', () => {
  assert.equal(plan(e(1, 7), log), { mode: 'SNAP' });
});

test('the marker of a new epoch has no transaction: DIFF inside the history, SNAP beyond it', () => {
  assert.equal(plan(e(2, 0), log), { mode: 'DIFF', zxid: e(2, 2), after: e(2, 0), source: 'committedLog' });
  assert.equal(plan(e(3, 0), log), { mode: 'SNAP' });
});

test('a learner behind the memory of the master is served from disk when the logs reach back, else by SNAP', () => {
  const disk = [e(1, 1), e(1, 2), ...log];
  assert.equal(plan(e(1, 1), log, { disk }), { mode: 'DIFF', zxid: e(2, 2), after: e(1, 1), source: 'disk' });
  assert.equal(plan(e(1, 1), log), { mode: 'SNAP' });
});

test('forceSnapshotSync sends a snapshot even to a learner that lacks nothing', () => {
  assert.equal(plan(e(2, 2), log, { force: true }), { mode: 'SNAP' });
});

test('ZOOKEEPER-4352: a master with nothing in memory sends nobody a part of what is missing', () => {
  const last = e(1, 9);
  assert.equal(plan(e(1, 4), [], { last }), { mode: 'SNAP' });
  assert.equal(plan(0, [], { last }), { mode: 'SNAP' });
  assert.equal(plan(last, [], { last }), { mode: 'DIFF', zxid: last, after: last, source: 'none' });
});
