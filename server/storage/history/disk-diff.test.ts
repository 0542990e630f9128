import { assert, suite } from '#test';
import { makeZxid } from '../../wire/zxid.ts';
import { commit, creates, E1, names, open, reopen, restoreFrom, streamFrom } from '../database.test-kit.ts';
import { testRig } from '../storage.test-kit.ts';
import type { ZkDatabase } from '../zk-database.ts';

const test = suite('storage: a DIFF from the log');

/** Reads the log in pieces, as a learner handler does. */
function diskDiff(db: ZkDatabase, after: number): readonly number[] | null {
  const diff = db.readLogFrom(after, db.lastProcessedZxid);
  if (diff === null) return null;
  const zxids: number[] = [];
  while (diff.read(100, entry => void zxids.push(entry.zxid)));
  if (diff.around === null) return null;
  assert.equal(diff.around.slice(1), zxids.slice(0, 1));
  return [diff.around[0]!, ...zxids];
}

test('an on-disk DIFF starts with the learner’s own transaction, or the last before it', () => {
  const rig = testRig();
  const db = open(rig, { snapshotSizeFactor: 100, commitLogCount: 2 });
  commit(rig, db, ...creates(1, 3));
  db.takeSnapshot(() => {});
  rig.clock.run();
  commit(rig, db, ...creates(4, 6));
  const read = (zxid: number) => diskDiff(db, zxid)?.map(found => found - E1) ?? null;
  assert.equal(read(E1 + 2), [2, 3, 4, 5, 6]);
  assert.equal(read(E1 + 4), [4, 5, 6]);
  commit(rig, db, ...creates(1, 1, makeZxid(2, 0)));
  assert.equal(read(E1 + 9)?.[0], 6);
  assert.is(read(0), null, 'the log does not reach back to it');
});

test('snapshotSizeFactor: 0 allows a log of any size, a negative value none, others that many times the newest snapshot', () => {
  for (const [snapshotSizeFactor, isSent] of [
    [0, true],
    [-1, false],
    [1e-6, false],
    [100, true],
  ] as const) {
    const rig = testRig();
    const db = open(rig, { snapshotSizeFactor });
    commit(rig, db, ...creates(1, 3));
    db.takeSnapshot(() => {});
    rig.clock.run();
    commit(rig, db, ...creates(4, 6));
    assert.is(diskDiff(db, E1 + 2) !== null, isSent, `snapshotSizeFactor=${snapshotSizeFactor}`);
  }
});

test('ZOOKEEPER-2846: an on-disk DIFF never skips the hole that a SNAP leaves in the logs, nor damage', () => {
  const rig = testRig();
  const config = { snapshotSizeFactor: 100 };
  const db = open(rig, config);
  commit(rig, db, ...creates(1, 3));
  restoreFrom(rig, db, 8);
  commit(rig, db, ...creates(9, 12));
  assert.is(diskDiff(db, E1 + 2), null);
  assert.is(diskDiff(db, E1 + 9)?.[0], E1 + 9);
  rig.disk.flipBit('/data/version-2/log.100000009', 60);
  assert.is(diskDiff(db, E1 + 9), null);
});

test('an on-disk DIFF must reach what this server has applied: after a SNAP no earlier log does (zklab sim)', () => {
  const rig = testRig();
  const db = open(rig, { snapshotSizeFactor: 100 });
  commit(rig, db, ...creates(1, 3));
  restoreFrom(rig, db, 8);
  assert.is(diskDiff(db, E1 + 2), null);
});

test('an on-disk DIFF whose last log was removed meanwhile is refused, because it ends too early', () => {
  const rig = testRig();
  const db = open(rig, { snapshotSizeFactor: 100, commitLogCount: 1 });
  commit(rig, db, ...creates(1, 3));
  db.takeSnapshot(() => {});
  rig.clock.run();
  commit(rig, db, ...creates(4, 6));
  const diff = db.readLogFrom(E1 + 1, db.lastProcessedZxid)!;
  rig.disk.remove('/data/version-2/log.100000004');
  while (diff.read(100));
  assert.is(diff.around, null);
});

test('a SNAP interrupted before the log was removed leaves a log that does not join, and is not kept (zklab sim)', () => {
  const rig = testRig();
  const db = open(rig, { snapshotSizeFactor: 100 });
  commit(rig, db, ...creates(1, 3));
  const { bytes } = streamFrom(rig, 8);
  const reader = db.beginRestore();
  reader.feed(bytes);
  rig.disk.beforeOperation = operation => {
    if (operation === 'remove') throw new Error('power cut');
  };
  // The zxid is an epoch marker, so the first transaction of an epoch seems to follow whatever the log ends
  // with.
  db.finishRestore(reader, makeZxid(2, 0), error => assert.is(error?.code, 'ZK_DISK'));
  rig.clock.run();
  rig.disk.beforeOperation = () => {};
  const again = reopen(rig, { snapshotSizeFactor: 100 });
  assert.is(again.lastProcessedZxid, makeZxid(2, 0));
  commit(rig, again, ...creates(1, 2, makeZxid(2, 0)));
  assert.is(diskDiff(again, E1 + 2), null);
  assert.equal(names(reopen(rig)).length, 10);
});

test('an on-disk DIFF is refused when the logs are large beside the snapshot, or by configuration', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 200));
  assert.is(diskDiff(db, E1 + 2), null);
  const off = testRig();
  const never = open(off, { snapshotSizeFactor: -1 });
  commit(off, never, ...creates(1, 3));
  assert.is(diskDiff(never, E1 + 2), null);
});
