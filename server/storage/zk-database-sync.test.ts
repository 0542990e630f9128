import { assert, suite } from '#test';
import { makeZxid } from '../wire/zxid.ts';
import { commit, creates, E1, names, open, reopen, restoreFrom, streamFrom } from './database.test-kit.ts';
import { createPacket, testRig } from './storage.test-kit.ts';
import { coded, commitNow, expected, SESSION, snapshot } from './zk-database.test-kit.ts';

const test = suite('storage: what a sync does to the database');

test('memory is brought level with a log that grows meanwhile', () => {
  const rig = testRig();
  const db = open(rig, { preAllocBytes: 4 * 1024 * 1024 });
  commit(rig, db, ...creates(1, 3));
  for (const packet of creates(4, 6)) db.append(packet);
  const steps = db.fastForwarding(E1 + 6);
  const read: number[] = [];
  for (let at = 7, step = steps.next(); step.done !== true; step = steps.next(), at += 20) {
    read.push(step.value);
    // More than a reader takes at once, so that what it read before does not show it.
    for (const { zxid } of creates(at, at + 19)) db.append(createPacket(zxid, 'x'.repeat(40_000)));
    db.flush(error => assert.is(error, undefined));
    rig.clock.run();
  }
  assert.is(read.length, 3);
  assert.is(db.lastProcessedZxid, E1 + 6);
});

test('TRUNC: memory and disk lose everything after the zxid', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 5));
  assert.ok(db.truncate(E1 + 3));
  assert.is(db.lastProcessedZxid, E1 + 3);
  assert.is(db.lastLoggedZxid, E1 + 3);
  assert.equal(names(db), expected(1, 3));
  assert.is(db.maxCommittedZxid, E1 + 3);
  commit(rig, db, ...creates(1, 2, makeZxid(2, 0)));
  assert.equal(names(reopen(rig)), [...expected(1, 3), ...expected(1, 2, makeZxid(2, 0))]);
});

test('ZOOKEEPER-4837: TRUNC never uses a snapshot that is newer than the cut', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  commit(rig, db, createPacket(E1 + 4, 'x', SESSION));
  snapshot(rig, db);
  commit(rig, db, ...creates(5, 6));
  assert.ok(db.truncate(E1 + 3));
  assert.equal(names(db), expected(1, 3));
  assert.is(db.tree.ephemeralsOf(SESSION), undefined);
  const again = reopen(rig);
  assert.is(again.lastProcessedZxid, E1 + 3);
  assert.equal(
    rig.disk.list('/data/version-2').filter(name => name.startsWith('snapshot')),
    ['snapshot.0'],
  );
});

test('ZOOKEEPER-4837: a snapshot of the right name that holds effects of later transactions is not used either', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  db.takeSnapshot(() => {});
  commitNow(db, createPacket(E1 + 4));
  rig.clock.run();
  assert.ok(rig.disk.exists('/data/version-2/snapshot.100000003'));
  assert.ok(db.truncate(E1 + 3));
  assert.equal(names(db), expected(1, 3));
  assert.not(rig.disk.exists('/data/version-2/snapshot.100000003'));
});

test('ZOOKEEPER-4837: a snapshot under way ends with the role: the next sync may bring what is never committed', () => {
  const rig = testRig();
  const db = open(rig, { digestEnabled: false });
  commit(rig, db, ...creates(1, 3));
  db.takeSnapshot(() => assert.unreachable('it was given up'));
  assert.is(db.fastForward(), 0);
  commitNow(db, createPacket(E1 + 4));
  rig.clock.run();
  assert.ok(db.truncate(E1 + 3));
  assert.equal(names(db), expected(1, 3));
  assert.equal(
    rig.disk.list('/data/version-2').filter(name => name.startsWith('snapshot')),
    ['snapshot.0'],
  );
});

test('TRUNC to a zxid that the logs lack changes nothing and asks for a SNAP', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  assert.not(db.truncate(makeZxid(1, 9)));
  assert.not(db.truncate(makeZxid(0, 4)));
  assert.equal(names(db), expected(1, 3));
  commit(rig, db, ...creates(4, 5));
  assert.equal(names(reopen(rig)), expected(1, 5));
});

test('ZOOKEEPER-5094: a TRUNC interrupted at any step leaves a prefix of the history, and can be done again', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const rig = testRig(seed);
    const db = open(rig);
    for (let part = 0; part < 3; part++) {
      commit(rig, db, ...creates(1 + part * 3, 3 + part * 3));
      snapshot(rig, db);
    }
    let left = 1 + (seed % 15);
    rig.disk.beforeOperation = () => {
      if (--left === 0) throw new Error('power cut');
    };
    let finished = false;
    try {
      finished = db.truncate(E1 + 4);
    } catch (error) {
      assert.is((error as { code?: string }).code, 'ZK_DISK', String(error));
    }
    rig.disk.beforeOperation = () => {};
    const again = reopen(rig);
    const last = again.lastProcessedZxid - E1;
    assert.ok(finished ? last === 4 : last >= 4 && last <= 9, `seed ${seed}: ${last}`);
    assert.equal(names(again), expected(1, last));
    assert.ok(again.truncate(E1 + 4));
    assert.equal(names(again), expected(1, 4));
  }
});

test('SNAP: the tree is replaced when the snapshot is durable, not before', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 2));
  const { bytes, zxid } = streamFrom(rig, 6);
  const reader = db.beginRestore();
  assert.ok(reader.feed(bytes).done);
  let done = false;
  db.finishRestore(reader, zxid, error => {
    assert.is(error, undefined);
    done = true;
  });
  assert.is(db.lastProcessedZxid, E1 + 2, '3642: memory is not newer than the disk');
  assert.throws(() => db.append(createPacket(E1 + 7)), coded('ZK_INVARIANT', /during a SNAP/));
  rig.clock.run();
  assert.ok(done);
  assert.equal(names(db), expected(1, 6));
  assert.is(db.lastLoggedZxid, zxid);
  assert.is(db.minCommittedZxid, zxid);
  commit(rig, db, createPacket(E1 + 7));
  assert.equal(names(reopen(rig)), expected(1, 7));
});

test('a damaged snapshot that no log reaches is refused by name, because an older one lacks acknowledged transactions', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 2));
  restoreFrom(rig, db, 6);
  db.close();
  const path = '/data/version-2/snapshot.100000006';
  rig.disk.flipBit(path, 100);
  const lost = /snapshot\.100000006 cannot be read \(.*\), and from .*snapshot\.0 the logs lead only to 0x0/;
  assert.throws(() => reopen(rig), coded('ZK_SNAPSHOT_CORRUPT', lost));
  rig.disk.flipBit(path, 100);
  assert.equal(names(reopen(rig)), expected(1, 6));
});

test('ZOOKEEPER-3104, 1549: an abandoned SNAP leaves memory and disk as they were', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 2));
  const { bytes, zxid } = streamFrom(rig, 6);
  const reader = db.beginRestore();
  assert.not(reader.feed(bytes.subarray(0, bytes.length - 20)).done);
  assert.equal(names(db), expected(1, 2));
  const whole = db.beginRestore();
  whole.feed(bytes);
  db.finishRestore(whole, zxid, () => assert.unreachable('given up'));
  rig.clock.step();
  db.cancelRestore();
  rig.clock.run();
  commit(rig, db, createPacket(E1 + 3));
  assert.equal(names(reopen(rig)), expected(1, 3));
});

test('SNAP to an older zxid: later transactions of this server do not return', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const rig = testRig(seed);
    const db = open(rig);
    commit(rig, db, ...creates(1, 6));
    snapshot(rig, db);
    commit(rig, db, ...creates(7, 9));
    const { bytes, zxid } = streamFrom(rig, 4);
    const reader = db.beginRestore();
    reader.feed(bytes);
    let left = seed % 25;
    rig.disk.beforeOperation = () => {
      if (--left === 0) throw new Error('power cut');
    };
    let done = false;
    try {
      db.finishRestore(reader, zxid, error => {
        done = error === undefined;
      });
      rig.clock.run();
    } catch (error) {
      assert.match((error as Error).message, /power cut/);
    }
    rig.disk.beforeOperation = () => {};
    const again = reopen(rig);
    const last = again.lastProcessedZxid - E1;
    assert.ok(done ? last === 4 : last >= 4 && last <= 9, `seed ${seed}: ${last}`);
    assert.equal(names(again), expected(1, last), `seed ${seed}`);
  }
});

test('transactions that a failed sync left in the page cache are not claimed and then lost (zklab sim)', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  rig.disk.failSync = () => new Error('EIO');
  db.append(createPacket(E1 + 4));
  let code = '';
  db.flush(error => {
    code = error?.code ?? '';
  });
  rig.clock.run();
  assert.is(code, 'ZK_DISK');
  rig.disk.failSync = () => undefined;
  rig.clock.clear();
  const restarted = open(rig);
  assert.is(restarted.lastLoggedZxid, E1 + 4, 'readers still see it, so it is voted with');
  assert.is(reopen(rig).lastLoggedZxid, E1 + 4);
});
