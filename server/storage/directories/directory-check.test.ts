import { assert, suite } from '#test';
import { makeZxid } from '../../wire/zxid.ts';
import { commit, creates, E1, names, open, reopen, restoreFrom, streamFrom } from '../database.test-kit.ts';
import type { ZkDatabaseConfig } from '../database-config.ts';
import { createPacket, type TestRig, testRig } from '../storage.test-kit.ts';
import type { ZkDatabase } from '../zk-database.ts';
import { LOG_RECORD_NAME } from './log-record.ts';

const test = suite('storage: directories that belong together');

/** The options with which a server opens it. */
const SERVER = { logRecord: true } as const;
const VOTER = { logRecord: true, votes: true, dataLogDir: '/log' } as const;
const DATA = '/data/version-2';
const LOG = '/log/version-2';

function put(rig: TestRig, path: string, bytes: string | Buffer): void {
  rig.disk.makeDirectory(path.slice(0, path.lastIndexOf('/')));
  const file = rig.disk.open(path, 'w');
  file.writeAt(0, Buffer.from(bytes));
  file.syncNow();
  file.close();
}

function move(rig: TestRig, from: string, to: string, prefix: string): void {
  rig.disk.makeDirectory(to);
  for (const name of rig.disk.list(from)) {
    if (name.startsWith(prefix)) rig.disk.rename(`${from}/${name}`, `${to}/${name}`);
  }
}

function removeAll(rig: TestRig, directory: string, prefix = ''): void {
  for (const name of rig.disk.list(directory))
    if (name.startsWith(prefix)) rig.disk.remove(`${directory}/${name}`);
}

function refused(rig: TestRig, config: Partial<ZkDatabaseConfig>, ...says: RegExp[]): void {
  const before = rig.disk.list(DATA).concat(rig.disk.list(LOG));
  assert.throws(
    () => open(rig, { ...SERVER, ...config }),
    (error: Error & { code?: string }) => {
      assert.is(error.code, 'ZK_DATA_MISMATCH', error.message);
      for (const pattern of says) assert.match(error.message, pattern);
      return true;
    },
  );
  assert.equal(rig.disk.list(DATA).concat(rig.disk.list(LOG)), before, 'nothing was changed');
}

/** The files of a server that wrote 1 to 5, with its logs in `dataLogDir`. */
function written(config: Partial<ZkDatabaseConfig> = {}): TestRig {
  const rig = testRig();
  const db = open(rig, { ...SERVER, ...config });
  commit(rig, db, ...creates(1, 5));
  db.close();
  return rig;
}

function snapshot(rig: TestRig, db: ZkDatabase): void {
  assert.ok(db.takeSnapshot(error => assert.is(error, undefined)));
  rig.clock.run();
}

const lastOf = (rig: TestRig, config: Partial<ZkDatabaseConfig> = {}) =>
  open(rig, { ...SERVER, ...config }).lastProcessedZxid;

test('field report A4: setting dataLogDir on a server with data is refused, with the names of the files to move', () => {
  const rig = written();
  const config = { dataLogDir: '/log' };
  refused(
    rig,
    config,
    /\/data\/version-2\/log\.100000001 is a transaction log in the snapshot directory/,
    /dataLogDir=\/log/,
  );
  move(rig, DATA, LOG, 'log.');
  assert.is(lastOf(rig, config), E1 + 5);
});

test('field report A4, ZOOKEEPER-2967: exchanging the two directories is refused', () => {
  const rig = written({ dataLogDir: '/log' });
  refused(
    rig,
    { dataDir: '/log', dataLogDir: '/data' },
    /snapshot\.0 is a snapshot in the log directory/,
    /exchanged\?/,
  );
});

test('field report A4: removing or changing dataLogDir is refused while the logs are where they were', () => {
  const rig = written({ dataLogDir: '/log' });
  const elsewhere = /those that belong to the snapshots in \/data\/version-2 are in \/log\/version-2/;
  refused(rig, {}, /\/data\/version-2 holds no transaction log/, elsewhere);
  refused(rig, { dataLogDir: '/other' }, /\/other\/version-2 holds no transaction log/, elsewhere);
  move(rig, LOG, DATA, 'log.');
  assert.is(lastOf(rig), E1 + 5, 'moved along, they are taken');
  assert.is(lastOf(rig), E1 + 5);
});

test('field report A4: older logs in the previous directory are not used in place of the newer ones', () => {
  const rig = written();
  move(rig, DATA, '/old/version-2', 'log.');
  for (const name of rig.disk.list('/old/version-2'))
    put(rig, `${LOG}/${name}`, rig.disk.read(`/old/version-2/${name}`));
  const db = open(rig, { ...SERVER, dataLogDir: '/log' });
  commit(rig, db, ...creates(6, 9));
  db.close();
  refused(
    rig,
    { dataLogDir: '/old' },
    /\/old\/version-2 holds older or other transaction logs/,
    /are in \/log\/version-2/,
  );
  assert.is(lastOf(rig, { dataLogDir: '/log' }), E1 + 9);
});

function copy(rig: TestRig, from: string, to: string, prefix = ''): void {
  for (const name of rig.disk.list(from))
    if (name.startsWith(prefix)) put(rig, `${to}/${name}`, rig.disk.read(`${from}/${name}`));
}

/** The files of two servers, each with its own logs, whose zxids are the same. */
function neighbours(): TestRig {
  const rig = written({ dataLogDir: '/log' });
  rig.clock.nowMs += 1000;
  const db = open(rig, { ...SERVER, dataDir: '/b', dataLogDir: '/blog' });
  commit(rig, db, ...creates(1, 7).map(packet => createPacket(packet.zxid, 'of the other')));
  db.close();
  return rig;
}

test('field report A4: the logs of another server are refused and not touched', () => {
  for (const mark of [true, false]) {
    const rig = neighbours();
    // Without it, as Apache leaves them, they are still not the logs that this server had.
    if (!mark) rig.disk.remove('/blog/version-2/snapshotDirectory');
    const logs = rig.disk.list('/blog/version-2');
    const says = mark
      ? /belong to the snapshots in \/b\/version-2, not/
      : /holds older or other transaction logs/;
    refused(rig, { dataLogDir: '/blog' }, says);
    assert.equal(rig.disk.list('/blog/version-2'), logs);
    assert.is(lastOf(rig, { dataDir: '/b', dataLogDir: '/blog' }), E1 + 7);
    assert.is(lastOf(rig, { dataLogDir: '/log' }), E1 + 5);
  }
});

test('the logs of another server are noticed even when the own logs are gone', () => {
  const rig = neighbours();
  removeAll(rig, LOG);
  refused(rig, { dataLogDir: '/blog' }, /belong to the snapshots in \/b\/version-2, not/);
});

test('directories that are moved or copied as a whole, or the logs alone, work in their new place', () => {
  const moved = written({ dataLogDir: '/log' });
  move(moved, DATA, '/new/version-2', '');
  move(moved, LOG, '/newlog/version-2', '');
  assert.is(lastOf(moved, { dataDir: '/new', dataLogDir: '/newlog' }), E1 + 5);
  for (const prefix of ['', 'log.']) {
    const copied = written({ dataLogDir: '/log' });
    copy(copied, LOG, '/newlog/version-2', prefix);
    const config = { ...SERVER, dataLogDir: '/newlog' };
    const db = open(copied, config);
    commit(copied, db, ...creates(6, 8));
    db.close();
    assert.is(open(copied, config).lastProcessedZxid, E1 + 8);
    refused(copied, { dataLogDir: '/log' }, /holds older or other transaction logs/);
  }
});

test('field report A4: a copy of a whole data directory starts beside the original, which has other logs by now', () => {
  const rig = written();
  copy(rig, DATA, '/clone/version-2');
  const original = open(rig, SERVER);
  snapshot(rig, original);
  commit(rig, original, ...creates(6, 8));
  original.close();
  removeAll(rig, DATA, 'log.100000001');
  assert.is(lastOf(rig, { dataDir: '/clone', dataLogDir: '/clone' }), E1 + 5);
  assert.is(lastOf(rig), E1 + 8);
});

test('field report A4: two members that exchanged their disks start, each with the logs that came along', () => {
  for (const apart of [true, false]) {
    const rig = testRig();
    const [a, b] = ['/a', '/b'].map(dir => ({ dataDir: dir, dataLogDir: apart ? `${dir}log` : dir }));
    for (const [config, first, last] of [
      [a!, 1, 4],
      [b!, 1, 7],
    ] as const) {
      const db = open(rig, { ...SERVER, ...config });
      commit(rig, db, ...creates(first, 2));
      if (config === b) snapshot(rig, db);
      commit(rig, db, ...creates(3, last));
      db.close();
    }
    for (const part of apart ? ['', 'log'] : ['']) {
      move(rig, `/a${part}/version-2`, '/spare', '');
      move(rig, `/b${part}/version-2`, `/a${part}/version-2`, '');
      move(rig, '/spare', `/b${part}/version-2`, '');
    }
    assert.is(lastOf(rig, a), E1 + 7);
    assert.is(lastOf(rig, b), E1 + 4);
    assert.is(lastOf(rig, a), E1 + 7, 'and again');
  }
});

test('a copy of two directories may start once a person has removed the record', () => {
  const rig = written({ dataLogDir: '/log' });
  copy(rig, DATA, '/clone/version-2');
  copy(rig, LOG, '/clonelog/version-2');
  const original = open(rig, { ...SERVER, dataLogDir: '/log' });
  snapshot(rig, original);
  commit(rig, original, ...creates(6, 8));
  original.close();
  const clone = { dataDir: '/clone', dataLogDir: '/clonelog' };
  removeAll(rig, LOG, 'log.100000001');
  refused(rig, clone, /copies of those of another server, remove \/clone\/version-2\/logDirectory/);
  rig.disk.remove('/clone/version-2/logDirectory');
  assert.is(lastOf(rig, clone), E1 + 5);
});

test('a copy of the logs is recognised, with or without the zeros of a preallocated file', () => {
  const rig = testRig();
  const config = { ...SERVER, dataLogDir: '/log' };
  commit(rig, open(rig, config), ...creates(1, 3));
  const whole = rig.disk.read(`${LOG}/log.100000001`);
  assert.is(whole.at(-1), 0, 'it was killed');
  put(rig, '/newlog/version-2/log.100000001', whole.subarray(0, whole.lastIndexOf('B') + 1));
  assert.is(lastOf(rig, { dataLogDir: '/newlog' }), E1 + 3);
});

test('field report A4: missing logs are noticed, even in the same directory; a person may choose to go on', () => {
  const rig = written({ dataLogDir: '/log' });
  removeAll(rig, LOG);
  refused(
    rig,
    { dataLogDir: '/log' },
    /is its file system mounted\?/,
    /remove \/data\/version-2\/logDirectory/,
  );
  rig.disk.remove(`${DATA}/${LOG_RECORD_NAME}`);
  assert.is(lastOf(rig, { dataLogDir: '/log' }), 0);
});

test('a server starts from a snapshot alone, restored into empty directories', () => {
  for (const config of [{}, { dataLogDir: '/log' }, VOTER]) {
    const rig = written(config);
    const db = open(rig, { ...SERVER, ...config });
    snapshot(rig, db);
    db.close();
    const backup = rig.disk.read(`${DATA}/snapshot.100000005`);
    removeAll(rig, DATA);
    removeAll(rig, LOG);
    put(rig, `${DATA}/snapshot.100000005`, backup);
    assert.is(lastOf(rig, config), E1 + 5);
    assert.is(lastOf(rig, config), E1 + 5, 'nothing was written yet');
  }
});

test('field report A4: files one level too high or too deep are found, not ignored', () => {
  for (const where of ['/data', '/data/version-2/version-2']) {
    const rig = written();
    move(rig, DATA, where, '');
    refused(
      rig,
      {},
      new RegExp(`${where}/snapshot\\.0 is a snapshot file, and /data/version-2`),
      /holds none: move/,
    );
    move(rig, where, DATA, 'snapshot.');
    refused(rig, {}, new RegExp(`${where}/log\\.100000001 is a log file`));
    move(rig, where, DATA, '');
    assert.is(lastOf(rig), E1 + 5);
  }
});

test('field report A4: a compressed snapshot one level too high is found', () => {
  const rig = testRig();
  put(rig, '/data/snapshot.100000005.gz', 'whatever');
  refused(rig, {}, /\/data\/snapshot\.100000005\.gz is a snapshot file/);
});

test('foreign files with such names do not matter', () => {
  const rig = testRig();
  put(rig, '/data/log.1', 'yesterday: all is well');
  put(rig, '/data/snapshot.2', '');
  assert.is(lastOf(rig), 0);
});

test('field report A5: a file of an epoch that cannot be counted is refused by name', () => {
  for (const name of ['snapshot.20000000000001', 'log.20000000000001']) {
    const rig = written();
    put(rig, `${DATA}/${name}`, 'x');
    refused(rig, {}, new RegExp(`${name.replace('.', '\\.')} is of an epoch above 2097151`));
  }
});

test('field report A4: a voter of a working ensemble with the empty snapshot of its first start and no logs is refused', () => {
  const rig = testRig();
  open(rig, { dataLogDir: '/log' }).close();
  put(rig, `${DATA}/currentEpoch`, '3');
  const config = VOTER;
  refused(rig, config, /the empty snapshot of a first start, and currentEpoch 3/, /was dataLogDir set/);
  assert.is(lastOf(rig, { dataLogDir: '/log' }), 0, 'an observer is brought what it lacks');
  rig.disk.remove(`${DATA}/currentEpoch`);
  assert.is(lastOf(rig, config), 0);
});

test('a person may declare that nothing was ever written', () => {
  for (const marker of ['/data/initialize', '/log/initialize']) {
    const rig = testRig();
    open(rig, { dataLogDir: '/log' }).close();
    put(rig, `${DATA}/currentEpoch`, '3');
    put(rig, marker, '');
    const config = VOTER;
    assert.is(lastOf(rig, config), 0);
    assert.not(rig.disk.exists(marker));
    assert.is(lastOf(rig, config), 0, 'and is not asked again');
  }
});

test('a voter whose ensemble never wrote anything starts again and again', () => {
  const rig = testRig();
  open(rig, VOTER).close();
  put(rig, `${DATA}/currentEpoch`, '3');
  for (let start = 0; start < 3; start++) assert.is(reopen(rig, VOTER).lastProcessedZxid, 0);
});

test('a voter with nothing but its epoch files gets its data from a leader before it votes', () => {
  const rig = testRig();
  put(rig, `${DATA}/currentEpoch`, '3');
  assert.is(open(rig, VOTER).lastProcessedZxid, -1);
  assert.equal(rig.disk.list(DATA), ['currentEpoch']);
  put(rig, '/data/initialize', '');
  assert.is(open(rig, VOTER).lastProcessedZxid, 0);
});

/** Loses power at each step of `act` in turn, and starts again. */
function atEveryStep(
  act: (rig: TestRig, db: ZkDatabase) => void,
  prepare: (rig: TestRig, db: ZkDatabase) => void,
): number {
  for (let step = 1; ; step++) {
    const rig = testRig(step);
    const db = open(rig, VOTER);
    prepare(rig, db);
    let left = step;
    rig.disk.beforeOperation = () => {
      if (--left === 0) throw new Error('power cut');
    };
    try {
      act(rig, db);
      rig.clock.run();
    } catch (error) {
      if (left > 0) throw error;
    }
    rig.disk.beforeOperation = () => {};
    const isOver = left > 0;
    // The files that a member of a working ensemble has.
    put(rig, `${DATA}/currentEpoch`, '1');
    rig.disk.syncDirectory(DATA);
    for (let start = 0; start < 2; start++) reopen(rig, VOTER);
    if (isOver) return step;
  }
}

test('a power loss around the first log, a SNAP, or a TRUNC of everything never looks like lost logs', () => {
  const first = atEveryStep(
    (_rig, db) => {
      for (const packet of creates(1, 3)) db.append(packet);
      db.flush(() => {});
    },
    () => {},
  );
  assert.ok(first > 5, `${first} steps`);
  const truncated = atEveryStep(
    (_rig, db) => void db.truncate(0),
    (rig, db) => commit(rig, db, ...creates(1, 3)),
  );
  assert.ok(truncated > 5, `${truncated} steps`);
  const snapped = atEveryStep(
    (rig, db) => {
      const { bytes, zxid } = streamFrom(rig, 6);
      const reader = db.beginRestore();
      reader.feed(bytes);
      db.finishRestore(reader, zxid, () => {});
    },
    (rig, db) => commit(rig, db, ...creates(1, 3)),
  );
  assert.ok(snapped > 5, `${snapped} steps`);
});

test('after a SNAP there are no logs, and a restart knows it', () => {
  const rig = written();
  const db = open(rig, SERVER);
  restoreFrom(rig, db, 6);
  const again = reopen(rig, SERVER);
  assert.is(again.lastProcessedZxid, E1 + 6);
  commit(rig, again, ...creates(7, 8));
  removeAll(rig, DATA, 'log.');
  rig.disk.syncDirectory(DATA);
  refused(rig, {}, /holds no transaction log/);
});

test('field report A6: logs of 3.4 that were trusted once start without trust afterwards', () => {
  const rig = testRig();
  commit(rig, open(rig), ...creates(1, 5));
  rig.disk.remove(`${DATA}/snapshot.0`);
  assert.throws(() => open(rig), /no snapshot to start from/);
  const trusting = open(rig, { ...SERVER, trustEmptySnapshot: true });
  assert.is(trusting.lastProcessedZxid, E1 + 5);
  trusting.close();
  const again = reopen(rig, SERVER);
  assert.is(again.lastProcessedZxid, E1 + 5);
  commit(rig, again, ...creates(6, 7), ...creates(1, 1, makeZxid(2, 0)));
  assert.is(names(reopen(rig, SERVER)).length, 8);
});

test('field report A: names in upper case, as some file systems and backups restore them, are read as upstream reads them', () => {
  const rig = testRig();
  const db = open(rig, SERVER);
  commit(rig, db, ...creates(1, 12));
  snapshot(rig, db);
  commit(rig, db, ...creates(13, 14));
  db.close();
  for (const name of ['snapshot.10000000c', 'log.10000000d'])
    rig.disk.rename(`${DATA}/${name}`, `${DATA}/${name.replace(/[cd]$/, hex => hex.toUpperCase())}`);
  rig.disk.syncDirectory(DATA);
  const again = reopen(rig, SERVER);
  assert.is(again.lastProcessedZxid, E1 + 14, 'not the older state that the other files lead to');
  commit(rig, again, ...creates(15, 15));
  assert.is(lastOf(rig), E1 + 15);
});

test('field report C4: with datadir.autocreate=false a missing directory is refused by name, and not created', () => {
  const rig = testRig();
  const config = { dataLogDir: '/log', directoryAutoCreate: false };
  const missing = (path: string) => (error: Error & { code?: string }) =>
    error.code === 'ZK_DATA_DIR' &&
    error.message.startsWith(`${path} is missing, and datadir.autocreate=false`);
  assert.throws(() => open(rig, config), missing(DATA));
  rig.disk.makeDirectory(DATA);
  assert.throws(() => open(rig, config), missing(LOG));
  assert.not(rig.disk.exists(LOG));
  rig.disk.makeDirectory(LOG);
  assert.is(open(rig, config).lastProcessedZxid, 0);
});
