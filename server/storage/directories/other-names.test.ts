import { gzipSync } from 'node:zlib';
import { assert, suite } from '#test';
import { commit, creates, E1, names, open } from '../database.test-kit.ts';
import { type TestRig, testRig } from '../storage.test-kit.ts';

const test = suite('storage: logs and snapshots by other names');

const DATA = '/data/version-2';
const LOG = 'log.100000001';

/** A server that wrote 1 to 5, without the record that ours keeps. */
function written(): TestRig {
  const rig = testRig();
  const db = open(rig);
  commit(rig, db, ...creates(1, 5));
  db.close();
  return rig;
}

function refused(rig: TestRig, name: string, ...says: RegExp[]): void {
  const before = rig.disk.list(DATA);
  assert.throws(
    () => open(rig),
    (error: Error & { code?: string }) => {
      assert.is(error.code, 'ZK_DATA_MISMATCH', error.message);
      for (const pattern of [new RegExp(name), ...says]) assert.match(error.message, pattern);
      return true;
    },
  );
  assert.equal(rig.disk.list(DATA), before, 'nothing was changed');
}

const rename = (rig: TestRig, from: string, to: string) =>
  rig.disk.rename(`${DATA}/${from}`, `${DATA}/${to}`);

function put(rig: TestRig, name: string, bytes: Buffer): void {
  const file = rig.disk.open(`${DATA}/${name}`, 'w');
  file.writeAt(0, bytes);
  file.close();
}

test('field report A4: a log that was renamed, as log.N.bak, is not left out in silence', () => {
  for (const end of ['.bak', '.1', '.', '.orig.old', '.BAK~']) {
    const rig = written();
    rename(rig, LOG, LOG + end);
    refused(rig, LOG, /reaches 0x100000005/, /lead only to 0x0/, /Call it log\.100000001, or move it/);
    rename(rig, LOG + end, LOG);
    assert.is(open(rig).lastProcessedZxid, E1 + 5);
  }
  const rig = written();
  rename(rig, LOG, 'log.+100000001');
  refused(rig, 'log.\\+100000001', /Call it log\.100000001,/);
});

test('field report A4: a packed log that begins behind the others is not left out in silence', () => {
  const rig = written();
  put(rig, 'log.100000006.gz', gzipSync(rig.disk.read(`${DATA}/${LOG}`)));
  refused(rig, 'log.100000006.gz', /reaches 0x100000006/);
});

test('field report A4: a snapshot that was renamed is not left out in silence', () => {
  const rig = written();
  const db = open(rig);
  assert.ok(db.takeSnapshot(error => assert.is(error, undefined)));
  rig.clock.run();
  db.close();
  rig.disk.remove(`${DATA}/${LOG}`);
  rename(rig, 'snapshot.100000005', 'snapshot.100000005.old');
  refused(rig, 'snapshot.100000005.old', /reaches 0x100000005/, /Call it snapshot\.100000005,/);
});

test('copies that hold nothing more, and what is no log or snapshot, are left alone', () => {
  const rig = written();
  const log = rig.disk.read(`${DATA}/${LOG}`);
  put(rig, `${LOG}.bak`, log);
  put(rig, 'log.100000009.txt', Buffer.from('a list of what the logs hold'));
  put(rig, 'log.100000009.part', Buffer.alloc(0));
  put(rig, 'snapshot.100000009.bak', Buffer.from('ZKSN cut'));
  put(rig, 'snapshot.100000009.bak.gz', Buffer.from('no gzip'));
  put(rig, 'log.1.2000000000.bak', log.subarray(0, 10));
  const before = rig.disk.list(DATA);
  const db = open(rig);
  assert.is(names(db).length, 5);
  for (const name of before) assert.ok(rig.disk.exists(`${DATA}/${name}`), name);
});

test('a copy of the log that is cut, or damaged behind its first entries, holds what can be read of it', () => {
  const rig = written();
  const log = rig.disk.read(`${DATA}/${LOG}`);
  put(rig, `${LOG}.bak`, Buffer.concat([log.subarray(0, 200), Buffer.alloc(300, 1)]));
  assert.is(open(rig).lastProcessedZxid, E1 + 5);
  rig.disk.remove(`${DATA}/${LOG}`);
  refused(rig, LOG, /reaches 0x1000000/);
});
