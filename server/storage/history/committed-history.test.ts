import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { makeZxid } from '../../wire/zxid.ts';
import { commit, creates, E1, open, reopen, restoreFrom } from '../database.test-kit.ts';
import { createPacket, testRig } from '../storage.test-kit.ts';
import type { ZkDatabase } from '../zk-database.ts';

const test = suite('storage: history for a learner that takes its time');

/** The transactions of a range, with something going on between any two pieces. */
function read(
  db: ZkDatabase,
  range: { after: number; through: number },
  bytesMax: number,
  between = () => {},
): number[] {
  const history = db.history(range);
  const zxids: number[] = [];
  while (history.read(bytesMax, packet => void zxids.push(packet.zxid))) between();
  history.close();
  return zxids;
}

/** A database whose log has a file for each range, and which keeps one transaction in memory. */
function logFilesOf(...ranges: readonly (readonly [from: number, to: number])[]) {
  const rig = testRig();
  const db = open(rig, { commitLogCount: 1 });
  for (const [at, [from, to]] of ranges.entries()) {
    if (at > 0) db.takeSnapshot(() => {});
    rig.clock.run();
    commit(rig, db, ...creates(from, to));
  }
  return { rig, db };
}

test('each transaction of a range comes once and in order, from memory or log, whatever is committed meanwhile', () => {
  const epochs = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 });
  const place = fc.nat(40);
  fc.assert(
    fc.property(
      epochs,
      fc.integer({ min: 1, max: 8 }),
      place,
      place,
      fc.integer({ min: 1, max: 400 }),
      fc.nat(3),
      fc.boolean(),
      (epochs, commitLogCount, a, b, bytesMax, perPiece, rolls) => {
        const rig = testRig();
        const db = open(rig, { commitLogCount });
        const zxids: number[] = [];
        const add = (zxid: number) => {
          commit(rig, db, createPacket(zxid));
          zxids.push(zxid);
        };
        for (const [at, count] of epochs.entries()) {
          for (let n = 1; n <= count; n++) add(makeZxid(at + 1, n));
          if (rolls) db.takeSnapshot(() => {});
          rig.clock.run();
        }
        const last = zxids.length - 1;
        const [from, to] = [a % zxids.length, b % zxids.length].sort((x, y) => x - y) as [number, number];
        const range = { after: zxids[from]!, through: zxids[to]! };
        const expected = zxids.slice(from + 1, to + 1);
        let next = zxids[last]! + 1;
        const between = () => {
          for (let n = 0; n < perPiece; n++) add(next++);
        };
        assert.equal(read(db, range, bytesMax, between), expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('a history that begins right after a SNAP is available, one that begins before it is not', () => {
  const rig = testRig();
  const db = open(rig, { commitLogCount: 1 });
  commit(rig, db, ...creates(1, 3));
  restoreFrom(rig, db, 8);
  commit(rig, db, ...creates(9, 12));
  assert.equal(
    read(db, { after: E1 + 8, through: E1 + 12 }, 1e6).map(each => each - E1),
    [9, 10, 11, 12],
  );
  assert.throws(() => read(db, { after: E1 + 2, through: E1 + 12 }, 1e6), /the log no longer has all/);
});

test('a file whose only transaction was torn and cut does not hide another file (seed 1023878)', () => {
  const { rig } = logFilesOf([1, 3], [4, 4]);
  const torn = '/data/version-2/log.100000004';
  rig.disk.open(torn, 'a+').truncate(40);
  const again = reopen(rig, { commitLogCount: 1 });
  assert.is(again.lastLoggedZxid, E1 + 3);
  assert.ok(rig.disk.exists(torn), 'what is left of it');
  again.startEpoch(makeZxid(2, 0));
  commit(rig, again, ...creates(1, 4, makeZxid(2, 0)));
  const range = { after: E1 + 3, through: makeZxid(2, 4) };
  assert.equal(
    read(again, range, 1e6).map(each => each - makeZxid(2, 0)),
    [1, 2, 3, 4],
  );
});

test('after files from before a SNAP, as Apache leaves them, a history begins with the next transaction', () => {
  const { rig, db } = logFilesOf([1, 3], [4, 6], [7, 9]);
  rig.disk.remove('/data/version-2/log.100000004');
  const through = E1 + 9;
  assert.equal(
    read(db, { after: E1 + 6, through }, 1e6).map(each => each - E1),
    [7, 8, 9],
  );
  assert.throws(() => read(db, { after: E1 + 5, through }, 1e6), /the log no longer has all/);
});

test('a log that somebody removed meanwhile is never skipped', () => {
  const { rig, db } = logFilesOf([1, 3], [4, 6]);
  const remove = () => {
    if (rig.disk.exists('/data/version-2/log.100000004')) rig.disk.remove('/data/version-2/log.100000004');
  };
  assert.throws(() => read(db, { after: E1 + 1, through: E1 + 6 }, 1, remove), /the log no longer has all/);
});

test('a log that does not begin where its name says leaves a hole', () => {
  const { rig, db } = logFilesOf([1, 3], [4, 6]);
  rig.disk.remove('/data/version-2/log.100000001');
  rig.disk.rename('/data/version-2/log.100000004', '/data/version-2/log.100000002');
  assert.throws(() => read(db, { after: E1 + 1, through: E1 + 6 }, 1e6), /the log no longer has all/);
});

test('a range that ends with the marker of an epoch ends with the last transaction before it', () => {
  const rig = testRig();
  const db = open(rig, { commitLogCount: 2 });
  commit(rig, db, ...creates(1, 5));
  db.startEpoch(makeZxid(2, 0));
  for (const after of [1, 4, 5]) {
    const zxids = read(db, { after: E1 + after, through: makeZxid(2, 0) }, 1e6);
    assert.equal(
      zxids.map(each => each - E1),
      [1, 2, 3, 4, 5].slice(after),
    );
  }
});
