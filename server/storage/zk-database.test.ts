import { assert, suite } from '#test';
import { type LogFields, type Logger, silentLogger } from '../runtime/logging/logger.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type TxnPacket, txnOf, txnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { commit, creates, E1, names, open, reopen } from './database.test-kit.ts';
import { createPacket, packetOf, testRig } from './storage.test-kit.ts';
import { bigger, coded, commitNow, expected, SESSION, snapshot } from './zk-database.test-kit.ts';

const test = suite('storage: database');

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

test('ZOOKEEPER-4925: a transaction out of order or after a gap is not applied', () => {
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

test('ZOOKEEPER-2623: a log entry of a type no server can apply is refused by file and offset', () => {
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

test('ZOOKEEPER-2845: logged but uncommitted transactions are applied on leaving the quorum', () => {
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
  // The disk has no room for another name either.
  rig.disk.beforeOperation = (operation, path) => {
    if (operation === 'open' && path.includes('/next.')) throw Object.assign(new Error(), { code: 'ENOSPC' });
  };
  assert.is(open(rig).lastLoggedZxid, E1 + 4);
  assert.is(reopen(rig).lastLoggedZxid, E1 + 4);
});

test('where only the owner of a log may replace it, the server starts all the same', () => {
  const rig = testRig();
  commit(rig, open(rig), ...creates(1, 3));
  rig.disk.beforeOperation = (operation, path) => {
    if (operation === 'rename' && path.includes('/next.'))
      throw Object.assign(new Error(), { code: 'EPERM' });
  };
  assert.is(open(rig).lastLoggedZxid, E1 + 3);
  assert.is(reopen(rig).lastLoggedZxid, E1 + 3);
  assert.not.ok(rig.disk.list('/data/version-2').some(name => name.startsWith('next.')));
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
