import { assert, suite } from '#test';
import { Guard } from '../metrics/guard.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../runtime/virtual/virtual-time.ts';
import { makeZxid } from '../wire/zxid.ts';
import { startAutoPurge } from './auto-purge.ts';
import { databaseDefaults } from './database-config.ts';
import { purgeInParts } from './purge.ts';
import { createPacket, type TestRig, testRig } from './storage.test-kit.ts';
import { ZkDatabase } from './zk-database.ts';

const test = suite('storage: purge');
const E1 = makeZxid(1, 0);

function open(rig: TestRig): ZkDatabase {
  const config = { ...databaseDefaults, dataDir: '/d', dataLogDir: '/l', preAllocBytes: 0 };
  const db = new ZkDatabase({ ...rig, logger: silentLogger }, config);
  db.load();
  return db;
}

/** Purges without a pause between the parts; `between` runs in place of each pause. */
function purge(rig: TestRig, retain: number, between: () => void = () => {}): string[] {
  const parts = purgeInParts(rig.disk, '/d/version-2', '/l/version-2', retain, new ServerEvents());
  for (;;) {
    const part = parts.next();
    if (part.done === true) return part.value;
    between();
  }
}

/** Writes snapshots of zxids 3, 6, 9 ... of epoch 1, with a log between any two. */
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
  purge(rig, 4);
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

test('at least three snapshots are kept, and damaged ones do not count', () => {
  const rig = testRig();
  fill(rig, 4);
  rig.disk.open('/d/version-2/snapshot.10000000c', 'a+').truncate(100);
  purge(rig, 1);
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
      purge(rig, 3);
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
  assert.equal(purge(rig, 3), []);
});

test('a purge during which the server is truncated to an older snapshot removes nothing that it then needs', () => {
  const snapshots = 60;
  const cutTo = E1 + 3 * 55 + 1;
  let cuts = 0;
  for (let pause = 1; pause <= 12; pause++) {
    const rig = testRig(pause);
    const db = fill(rig, snapshots);
    let [cut, pauses] = [false, 0];
    purge(rig, 3, () => {
      if (++pauses === pause) cut = db.truncate(cutTo);
    });
    if (!cut) continue;
    cuts++;
    db.close();
    assert.is(open(rig).lastProcessedZxid, cutTo, `cut in pause ${pause}`);
  }
  assert.ok(cuts > 2, `${cuts} cuts`);
});

test('a directory of many files is purged in parts, and other work runs in between', () => {
  const rig = testRig();
  fill(rig, 4);
  for (let i = 0; i < 500; i++) {
    const file = rig.disk.open(`/l/version-2/log.${i.toString(16)}`, 'w');
    file.close();
  }
  let pauses = 0;
  const removed = purge(rig, 3, () => pauses++);
  assert.ok(removed.length > 490, `${removed.length} removed`);
  assert.ok(pauses > 20, `${pauses} pauses`);
});

test('autopurge runs at the start and at every interval; a failure is counted, and the next run goes on', () => {
  const rig = testRig();
  fill(rig, 6);
  const time = new VirtualTime();
  const clock = new VirtualClock(time);
  const metrics = new Metrics();
  const guard = new Guard({ clock, logger: silentLogger, metrics });
  const failures = () => metrics.counter('guarded_failure_count').value;
  const start = (intervalHours: number) =>
    startAutoPurge({
      disk: rig.disk,
      clock,
      events: rig.events,
      guard,
      snapDirectory: '/d/version-2',
      logDirectory: '/l/version-2',
      retainCount: 3,
      intervalHours,
    });
  start(0);
  time.advance(10 * HOUR_MS);
  const before = rig.disk.list('/d/version-2').length;
  assert.ok(before > 3, '0 is never');
  rig.disk.beforeOperation = () => {
    throw new Error('EROFS');
  };
  const purging = start(2);
  time.advance(1000);
  assert.equal([failures(), rig.disk.list('/d/version-2').length], [1, before]);
  rig.disk.beforeOperation = () => {};
  time.advance(2 * HOUR_MS);
  assert.equal([failures(), rig.disk.list('/d/version-2').length], [1, 3]);
  purging.cancel();
});

const HOUR_MS = 3_600_000;
