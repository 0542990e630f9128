import { assert, suite } from '#test';
import type { LogFields, Logger } from '../runtime/logger.ts';
import { silentLogger } from '../runtime/logger.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type TxnPacket, txnOf, txnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { commit, creates, E1, names, open, reopen, restoreFrom, streamFrom } from './database.test-kit.ts';
import { createPacket, packetOf, type TestRig, testRig } from './storage.test-kit.ts';
import type { ZkDatabase } from './zk-database.ts';

const test = suite('storage: database');
const SESSION = 0x1_0000_0001n;

function snapshot(rig: TestRig, db: ZkDatabase): void {
  let done = false;
  assert.ok(
    db.takeSnapshot(error => {
      assert.is(error, undefined);
      done = true;
    }),
  );
  rig.clock.run();
  assert.ok(done);
}

function expected(from: number, to: number, epoch = E1): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `n${(epoch + from + i).toString(16)}`).sort();
}

function coded(code: string, message = /./) {
  return (error: Error & { code?: string }): boolean => error.code === code && message.test(error.message);
}

test('an empty directory is an empty tree at zxid 0, with snapshot.0 from the start', () => {
  const rig = testRig();
  const db = open(rig);
  assert.is(db.lastProcessedZxid, 0);
  assert.is(db.lastLoggedZxid, 0);
  assert.is(db.minCommittedZxid, 0);
  assert.equal(rig.disk.list('/data/version-2'), ['snapshot.0']);
  assert.is(reopen(rig).lastProcessedZxid, 0);
});

test('db.autocreate=false: an empty directory does not vote without an "initialize" file', () => {
  const rig = testRig();
  assert.is(open(rig, { autoCreate: false }).lastProcessedZxid, -1);
  assert.equal(rig.disk.list('/data/version-2'), []);
  rig.disk.open('/data/initialize', 'w');
  assert.is(open(rig, { autoCreate: false }).lastProcessedZxid, 0);
  assert.not(rig.disk.exists('/data/initialize'));
});

test('flushed transactions survive a power loss: tree, sessions, committed log', () => {
  const rig = testRig();
  const db = open(rig);
  const session = packetOf(E1 + 1, { type: OpCode.createSession, timeoutMs: 4000 }, SESSION);
  commit(rig, db, session, createPacket(E1 + 2, 'x', SESSION), ...creates(3, 5));
  const again = reopen(rig);
  assert.is(again.lastProcessedZxid, E1 + 5);
  assert.is(again.lastLoggedZxid, E1 + 5);
  assert.equal(names(again), expected(2, 5));
  assert.equal([...again.sessionTimeouts], [[SESSION, 4000]]);
  assert.is(again.tree.ephemeralsOf(SESSION)?.size, 1);
  assert.equal([again.minCommittedZxid, again.maxCommittedZxid], [E1 + 1, E1 + 5]);
  commit(
    rig,
    again,
    packetOf(E1 + 6, { type: OpCode.closeSession, paths: [`/n${(E1 + 2).toString(16)}`] }, SESSION),
  );
  const third = reopen(rig);
  assert.is(third.sessionTimeouts.size, 0);
  assert.is(third.tree.ephemeralsOf(SESSION), undefined);
});

test('the committed log is bounded and keeps the newest', () => {
  const rig = testRig();
  const db = open(rig, { commitLogCount: 3 });
  commit(rig, db, ...creates(1, 8));
  assert.is(db.committedLog.size, 3);
  assert.equal([db.minCommittedZxid, db.maxCommittedZxid], [E1 + 6, E1 + 8]);
  assert.is(db.committedLog.indexOf(E1 + 7), 1);
  assert.is(db.committedLog.indexOf(E1 + 5), -1);
  assert.is(db.committedLog.indexFrom(E1 + 9), 3);
  assert.is(reopen(rig, { commitLogCount: 3 }).minCommittedZxid, E1 + 6);
});

test('4925: a transaction out of order or after a gap is not applied', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  assert.throws(() => db.applyPacket(createPacket(E1 + 3)), coded('ZK_INVARIANT'));
  assert.throws(
    () => db.applyPacket(createPacket(E1 + 5)),
    coded('ZK_INVARIANT', /applied after 0x100000003/),
  );
  db.startEpoch(makeZxid(2, 0));
  db.applyPacket(createPacket(makeZxid(2, 1)));
  assert.is(db.lastProcessedZxid, makeZxid(2, 1));
});

test('a snapshot is due after a random share of snapCount, and only one is written at a time', () => {
  const rig = testRig();
  const db = open(rig, { snapCount: 10 });
  let count = 0;
  while (!db.needsSnapshot()) commit(rig, db, createPacket(E1 + ++count));
  assert.ok(count >= 5 && count <= 10, `${count}`);
  assert.ok(db.takeSnapshot(() => {}));
  assert.not(db.needsSnapshot());
  assert.not(db.takeSnapshot(() => assert.unreachable('two at once')));
  rig.clock.run();
  assert.not(db.needsSnapshot());
  commit(rig, db, createPacket(E1 + count + 1));
  assert.ok(rig.disk.exists(`/data/version-2/log.${(E1 + count + 1).toString(16)}`), 'the log was rolled');
});

test('a fuzzy snapshot: transactions applied while it is written are replayed on top of it', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3000).map(packet => bigger(packet)));
  let written = false;
  db.takeSnapshot(() => {
    written = true;
  });
  for (let counter = 3001; !written; counter++) {
    commitNow(db, createPacket(E1 + counter));
    rig.clock.step();
  }
  rig.clock.run();
  const last = db.lastProcessedZxid;
  assert.ok(last > E1 + 3001);
  const digest = db.tree.digest.toBigInt();
  const again = reopen(rig);
  assert.is(again.lastProcessedZxid, last);
  assert.is(again.tree.digest.toBigInt(), digest);
});

function bigger(packet: TxnPacket): TxnPacket {
  return createPacket(packet.zxid, 'y'.repeat(600));
}

function commitNow(db: ZkDatabase, packet: TxnPacket): void {
  db.append(packet);
  db.flush(error => assert.is(error, undefined));
  db.applyPacket(packet);
}

test('logs without a snapshot are refused, unless trusted', () => {
  const rig = testRig();
  commit(rig, open(rig), ...creates(1, 3));
  rig.disk.remove('/data/version-2/snapshot.0');
  assert.throws(() => open(rig), coded('ZK_SNAPSHOT_MISSING', /log\.100000001 holds transactions/));
  assert.is(open(rig, { trustEmptySnapshot: true }).lastProcessedZxid, E1 + 3);
});

test('a missing log is refused when a server starts', () => {
  const rig = testRig();
  const db = open(rig);
  for (let part = 0; part < 3; part++) {
    commit(rig, db, ...creates(1 + part * 3, 3 + part * 3));
    snapshot(rig, db);
  }
  commit(rig, db, ...creates(10, 12));
  const directory = '/data/version-2';
  rig.disk.remove(`${directory}/log.100000004`);
  assert.is(open(rig).lastProcessedZxid, E1 + 12, 'newer snapshots cover it');
  rig.disk.remove(`${directory}/snapshot.100000006`);
  rig.disk.remove(`${directory}/snapshot.100000009`);
  assert.throws(() => open(rig), coded('ZK_LOG_GAP', /0x100000003.*0x100000007/));
});

test('2623: a log entry of a type no server can apply is refused by file and offset', () => {
  const rig = testRig();
  const db = open(rig);
  const writer = new JuteWriter();
  writer
    .writeLong(0)
    .writeInt(1)
    .writeLong(E1 + 1)
    .writeLong(5)
    .writeInt(77)
    .writeInt(0);
  db.append(txnPacket(E1 + 1, writer.bytes));
  db.close();
  assert.throws(() => open(rig), coded('ZK_LOG_CORRUPT', /log\.100000001 is damaged at offset 16.*77/));
});

test('2845: logged but uncommitted transactions are applied on leaving the quorum', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  db.append(createPacket(E1 + 4));
  db.append(createPacket(E1 + 5));
  assert.is(db.fastForward(), 2);
  assert.is(db.lastProcessedZxid, db.lastLoggedZxid);
  assert.equal(names(db), expected(1, 5));
  assert.is(db.fastForward(), 0);
});

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

test('4837: TRUNC never uses a snapshot that is newer than the cut', () => {
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

test('4837: a snapshot of the right name that holds effects of later transactions is not used either', () => {
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

test('4837: a snapshot under way ends with the role: the next sync may bring what is never committed', () => {
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

test('5094: a TRUNC interrupted at any step leaves a prefix of the history, and can be done again', () => {
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

test('3104, 1549: an abandoned SNAP leaves memory and disk as they were', () => {
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

test('a torn tail is cut when a server starts, so that later logs join', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  db.close();
  const path = '/data/version-2/log.100000001';
  rig.disk.open(path, 'a+').truncate(rig.disk.size(path) - 3);
  const again = open(rig);
  assert.is(again.lastProcessedZxid, E1 + 2);
  commit(rig, again, ...creates(1, 2, makeZxid(2, 0)));
  assert.equal(names(reopen(rig)), [...expected(1, 2), ...expected(1, 2, makeZxid(2, 0))]);
});

test('a wrong digest is counted and reported once, and is not fatal', () => {
  const rig = testRig();
  const lines: [string, LogFields | undefined][] = [];
  const logger: Logger = { ...silentLogger, error: (message, fields) => void lines.push([message, fields]) };
  const db = open(rig, {}, logger);
  const withDigest = (packet: TxnPacket, digest: bigint): TxnPacket => {
    const writer = new JuteWriter();
    writer.writeRaw(txnOf(packet)).writeInt(2).writeBigLong(digest);
    return txnPacket(packet.zxid, writer.bytes);
  };
  const twin = open(testRig());
  const digests = creates(1, 6).map(packet => {
    twin.applyPacket(packet);
    return twin.tree.digest.toBigInt();
  });
  const mismatches = rig.metrics.counter('digest_mismatches_count');
  const packets = creates(1, 6).map((packet, i) =>
    withDigest(packet, digests[i]! + (i === 2 || i === 3 ? 1n : 0n)),
  );
  commit(rig, db, ...packets);
  assert.is(mismatches.value, 2);
  const hex = (digest: bigint) => `0x${digest.toString(16)}`;
  const both = { expected: hex(digests[2]! + 1n), actual: hex(digests[2]!) };
  assert.equal(lines, [
    [
      "the tree differs from the leader's",
      { zxid: '0x100000003', source: 'transaction', ...both, event: 'treeDiffers' },
    ],
  ]);
  // The same holds when the log is replayed at the next start, which names the file.
  lines.length = 0;
  db.close();
  rig.clock.clear();
  open(rig, {}, logger);
  assert.is(mismatches.value, 4);
  const file = '/data/version-2/log.100000001';
  assert.equal(lines, [
    [
      "the tree differs from the leader's",
      { zxid: '0x100000003', source: 'transaction', file, ...both, event: 'treeDiffers' },
    ],
  ]);
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

test('without room for a second newest log the server starts all the same, and what it shows is durable', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 3));
  rig.disk.failSync = () => new Error('EIO');
  db.append(createPacket(E1 + 4));
  db.flush(() => {});
  rig.clock.run();
  rig.disk.failSync = () => undefined;
  rig.clock.clear();
  const directory = '/data/version-2';
  const files = rig.disk.list(directory);
  rig.disk.capacityBytes = files.reduce((sum, name) => sum + rig.disk.size(`${directory}/${name}`), 100);
  assert.is(open(rig).lastLoggedZxid, E1 + 4);
  assert.equal(rig.disk.list(directory), files);
  // There is no room for another name either.
  rig.disk.beforeOperation = (operation, path) => {
    if (operation === 'open' && path.endsWith('.next')) throw Object.assign(new Error(), { code: 'ENOSPC' });
  };
  assert.is(open(rig).lastLoggedZxid, E1 + 4);
  assert.is(reopen(rig).lastLoggedZxid, E1 + 4);
});

test('a full disk surfaces in the flush', () => {
  const rig = testRig();
  const db = open(rig);
  rig.disk.capacityBytes = 1500;
  db.append(createPacket(E1 + 1));
  let code = '';
  db.flush(error => {
    code = error?.code ?? '';
  });
  rig.clock.run();
  assert.is(code, 'ZK_DISK');
});

test('transactions that a killed process left in the page cache are made durable before they are claimed again', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const rig = testRig(seed);
    const killed = open(rig);
    for (const packet of creates(1, 5)) killed.append(packet);
    killed.fastForward();
    rig.clock.clear();
    const restarted = open(rig);
    assert.is(restarted.lastLoggedZxid, E1 + 5);
    const nextEpoch = makeZxid(2, 1);
    commit(rig, restarted, createPacket(nextEpoch));
    const afterPowerCut = reopen(rig);
    assert.is(afterPowerCut.lastLoggedZxid, nextEpoch, `seed ${seed}`);
  }
});
