import { assert, suite } from '#test';
import { silentLogger } from '../runtime/logging/logger.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { databaseDefaults } from './database-config.ts';
import { SnapshotSerializer } from './snapshots/snapshot-stream.ts';
import { createPacket, packetOf, type TestRig, testRig } from './storage.test-kit.ts';
import { logHeader } from './txn-log/log-format.ts';
import { ZkDatabase } from './zk-database.ts';

const test = suite('storage: what a restart finds, and what of it the next power cut leaves');
const E1 = makeZxid(1, 0);
const SNAPSHOTS = '/data/version-2';
const LOGS = '/logs/version-2';

function open(rig: TestRig, digestEnabled = true): ZkDatabase {
  const db = new ZkDatabase(
    { ...rig, logger: silentLogger },
    {
      ...databaseDefaults,
      dataDir: '/data',
      dataLogDir: '/logs',
      preAllocBytes: 0,
      snapshotSizeFactor: 100,
      digestEnabled,
    },
  );
  db.load();
  return db;
}

function commit(rig: TestRig, db: ZkDatabase, packets: readonly TxnPacket[]): void {
  for (const packet of packets) db.append(packet);
  db.flush(error => assert.is(error, undefined));
  for (const packet of packets) db.applyPacket(packet);
  rig.clock.run();
}

function creates(from: number, to: number, epoch = E1): TxnPacket[] {
  return Array.from({ length: to - from + 1 }, (_, i) => createPacket(epoch + from + i));
}

/** Ends like SIGKILL: written data stays for every reader, synced or not. */
function killed(rig: TestRig): ZkDatabase {
  rig.clock.clear();
  return open(rig);
}

function powerCut(rig: TestRig): ZkDatabase {
  rig.disk.crash();
  return killed(rig);
}

test('the name of a SNAP that was not durable when the process was killed is, before the log after it goes', () => {
  const theirs = testRig();
  const master = open(theirs);
  commit(theirs, master, creates(1, 8));
  const writer = new JuteWriter();
  const serializer = new SnapshotSerializer(master.tree, master.sessionTimeouts);
  while (serializer.next(writer, 64 * 1024));
  for (let seed = 1; seed <= 8; seed++) {
    const rig = testRig(seed);
    const db = open(rig);
    commit(rig, db, creates(1, 3));
    const reader = db.beginRestore();
    reader.feed(writer.toBuffer());
    rig.disk.beforeOperation = (operation, path) => {
      if (operation === 'syncDirectory' && path === SNAPSHOTS) throw new Error('killed');
    };
    db.finishRestore(reader, E1 + 8, error => assert.is(error?.code, 'ZK_DISK'));
    rig.clock.run();
    rig.disk.beforeOperation = () => {};
    assert.is(killed(rig).lastProcessedZxid, E1 + 8);
    assert.is(powerCut(rig).lastProcessedZxid, E1 + 8, `seed ${seed}`);
  }
});

test('a torn tail is cut even when an empty log follows: a new epoch must not seem to follow the damage', () => {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, creates(1, 3));
  db.close();
  const torn = `${LOGS}/log.100000001`;
  rig.disk.open(torn, 'a+').truncate(rig.disk.size(torn) - 3);
  rig.disk.open(`${LOGS}/log.100000004`, 'w').writeAt(0, logHeader());
  const again = killed(rig);
  assert.is(again.lastProcessedZxid, E1 + 2);
  commit(rig, again, creates(1, 2, makeZxid(2, 0)));
  assert.is(killed(rig).lastProcessedZxid, makeZxid(2, 2));
});

test('ZOOKEEPER-2846: a log that disappears while the server runs is never skipped, and neither is an end that comes too early', () => {
  const rig = testRig();
  const db = open(rig);
  for (const from of [1, 4, 7]) {
    commit(rig, db, creates(from, from + 2));
    assert.ok(db.takeSnapshot(error => assert.is(error, undefined)));
    rig.clock.run();
  }
  commit(rig, db, creates(10, 12));
  const from = (zxid: number) => {
    const diff = db.readLogFrom(zxid, E1 + 12)!;
    let count = 0;
    while (diff.read(1024 * 1024, () => void count++));
    return diff.around === null ? null : 1 + count;
  };
  assert.is(from(E1 + 2), 11);
  rig.disk.remove(`${LOGS}/log.100000007`);
  assert.is(from(E1 + 2), null);
  assert.is(from(E1 + 10), 3);
  rig.disk.remove(`${LOGS}/log.10000000a`);
  assert.is(from(E1 + 5), null);
});

for (const digestEnabled of [true, false]) {
  test(`ZOOKEEPER-4837: a snapshot under way when the quorum is lost keeps nothing of what TRUNC then cuts, digests ${digestEnabled}`, () => {
    const rig = testRig();
    const db = open(rig, digestEnabled);
    const large = 'x'.repeat(200_000);
    commit(
      rig,
      db,
      Array.from({ length: 5 }, (_, i) => createPacket(E1 + 1 + i, large)),
    );
    assert.ok(db.takeSnapshot(error => assert.is(error, undefined)));
    rig.clock.step();
    const path = '/n100000005';
    db.append(packetOf(E1 + 6, { type: OpCode.setData, path, data: Buffer.from('lost'), version: 1 }));
    assert.is(db.fastForward(), 1);
    rig.clock.run();
    assert.ok(db.truncate(E1 + 5));
    assert.is(db.tree.getNode(path)!.version, 0);
    assert.is(killed(rig).tree.getNode(path)!.version, 0);
  });
}
