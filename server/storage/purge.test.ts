import { assert, suite } from '#test';
import { silentLogger } from '../runtime/logger.ts';
import { makeZxid } from '../wire/zxid.ts';
import { startAutoPurge } from './auto-purge.ts';
import { purge } from './purge.ts';
import { createPacket, type TestRig, testRig } from './testing.ts';
import { databaseDefaults, ZkDatabase } from './zk-database.ts';

const test = suite('storage: purge');
const E1 = makeZxid(1, 0);

function open(rig: TestRig): ZkDatabase {
  const config = { ...databaseDefaults, dataDir: '/d', dataLogDir: '/l', preAllocBytes: 0 };
  const db = new ZkDatabase({ ...rig, logger: silentLogger }, config);
  db.load();
  return db;
}

/** Snapshots of zxids 3, 6, 9 ... of epoch 1, a log between each two. */
function fill(rig: TestRig, snapshots: number): ZkDatabase {
  const db = open(rig);
  for (let i = 1; i <= snapshots * 3; i++) {
    const packet = createPacket(E1 + i);
    db.append(packet);
    db.applyPacket(packet);
    db.flush(() => {});
    rig.clock.run();
    if (i % 3 !== 0) continue;
    db.takeSnapshot(() => {});
    rig.clock.run();
  }
  return db;
}

test('the newest snapshots stay, with every log from the oldest of them on', () => {
  const rig = testRig();
  fill(rig, 6);
  purge(rig.disk, '/d/version-2', '/l/version-2', 4, silentLogger);
  assert.equal(rig.disk.list('/d/version-2'), [
    'snapshot.100000009',
    'snapshot.10000000c',
    'snapshot.10000000f',
    'snapshot.100000012',
  ]);
  assert.equal(rig.disk.list('/l/version-2'), ['log.10000000a', 'log.10000000d', 'log.100000010']);
  for (const name of ['snapshot.100000012', 'snapshot.10000000f', 'snapshot.10000000c']) {
    rig.disk.remove(`/d/version-2/${name}`);
  }
  assert.is(open(rig).lastProcessedZxid, E1 + 18, 'the oldest snapshot kept still leads to the end');
});

test('fewer than three are never kept, and damaged ones do not count', () => {
  const rig = testRig();
  fill(rig, 4);
  rig.disk.open('/d/version-2/snapshot.10000000c', 'a+').truncate(100);
  purge(rig.disk, '/d/version-2', '/l/version-2', 1, silentLogger);
  assert.equal(rig.disk.list('/d/version-2'), [
    'snapshot.100000003',
    'snapshot.100000006',
    'snapshot.100000009',
    'snapshot.10000000c',
  ]);
});

test('a crash at any step leaves no snapshot without the logs behind it', () => {
  let interrupted = 0;
  for (let step = 1; step <= 12; step++) {
    const rig = testRig(step);
    fill(rig, 6);
    let left = step;
    rig.disk.beforeOperation = operation => {
      if (/remove|sync/.test(operation) && --left === 0) throw new Error('power cut');
    };
    try {
      purge(rig.disk, '/d/version-2', '/l/version-2', 3, silentLogger);
    } catch {
      interrupted++;
    }
    rig.disk.beforeOperation = () => {};
    rig.disk.crash();
    const [oldest, ...newer] = rig.disk
      .list('/d/version-2')
      .sort((a, b) => Number.parseInt(a.slice(9), 16) - Number.parseInt(b.slice(9), 16));
    for (const name of newer) rig.disk.remove(`/d/version-2/${name}`);
    assert.is(open(rig).lastProcessedZxid, E1 + 18, `step ${step}, from ${oldest}`);
  }
  assert.ok(interrupted >= 8, `${interrupted} were interrupted`);
});

test('nothing to purge removes nothing', () => {
  const rig = testRig();
  fill(rig, 1);
  assert.equal(purge(rig.disk, '/d/version-2', '/l/version-2', 3, silentLogger), []);
});

test('autopurge runs at the start and at every interval, and a failure only warns', () => {
  const rig = testRig();
  fill(rig, 6);
  const intervals: number[] = [];
  const due: (() => void)[] = [];
  const clock = {
    ...({ monotonicMs: () => 0, wallMs: () => 0, atEndOfTurn: () => {} } as const),
    ...({ inNextTurn: () => {}, turns: 0 } as const),
    after: (_: number, run: () => void) => {
      due.push(run);
      return { cancel() {} };
    },
    every: (intervalMs: number, run: () => void) => {
      intervals.push(intervalMs);
      due.push(run);
      return { cancel() {} };
    },
  };
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const places = { snapDirectory: '/d/version-2', logDirectory: '/l/version-2' };
  startAutoPurge({ disk: rig.disk, clock, logger, ...places, retainCount: 3, intervalHours: 2 });
  assert.equal(intervals, [7_200_000]);
  rig.disk.beforeOperation = () => {
    throw new Error('EROFS');
  };
  due[0]!();
  assert.equal(warnings, ['purge failed']);
  rig.disk.beforeOperation = () => {};
  due[1]!();
  assert.is(rig.disk.list('/d/version-2').length, 3);
  startAutoPurge({ disk: rig.disk, clock, logger, ...places, retainCount: 3, intervalHours: 0 });
  assert.is(due.length, 2);
});
