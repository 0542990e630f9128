import { assert, suite } from '#test';
import { silentLogger } from '../../runtime/logging/logger.ts';
import type { Disk } from '../../runtime/runtime.ts';
import type { MemoryDisk } from '../../runtime/virtual/memory-disk.ts';
import { juteLimits } from '../../wire/jute-limits.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { createPacket, type TestRig, testRig } from '../storage.test-kit.ts';
import { FileTxnLog } from './file-txn-log.ts';
import { forgetAfter } from './forget.ts';
import { LogFileReader } from './log-file-reader.ts';
import { TxnLogReader } from './txn-log-reader.ts';

const test = suite('storage: transaction log, reading');
const E1 = makeZxid(1, 0);
const E2 = makeZxid(2, 0);

/** Writes each list of zxids as a log file of its own. */
function writeFiles(rig: TestRig, files: number[][], preAllocBytes = 0, data = 'x'): void {
  const { disk, clock, metrics } = rig;
  disk.makeDirectory('/log');
  const options = {
    disk,
    clock,
    metrics,
    directory: '/log',
    preAllocBytes,
    sizeLimitBytes: 0,
    forceSync: true,
    logger: silentLogger,
    fsyncWarningMs: 1000,
  };
  for (const zxids of files) {
    const log = new FileTxnLog(options, zxids[0]! - 1);
    for (const zxid of zxids) log.append(createPacket(zxid, data));
    log.close();
  }
}

function readAll(
  disk: MemoryDisk,
  after: number,
  jute = juteLimits(),
): { zxids: number[]; tail: number | undefined } {
  const reader = new TxnLogReader({ disk, directory: '/log', logger: silentLogger, jute }, after, 'snapshot');
  const zxids: number[] = [];
  try {
    for (let entry = reader.next(); entry !== null; entry = reader.next()) zxids.push(entry.zxid);
  } finally {
    reader.close();
  }
  return { zxids, tail: reader.tail?.offset };
}

function range(base: number, from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => base + from + i);
}

test('entries after a zxid are read over several files', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 3), range(E1, 4, 6), range(E2, 1, 2)]);
  assert.equal(readAll(rig.disk, 0).zxids, [...range(E1, 1, 6), ...range(E2, 1, 2)]);
  assert.equal(readAll(rig.disk, E1 + 4).zxids, [...range(E1, 5, 6), ...range(E2, 1, 2)]);
  assert.equal(readAll(rig.disk, E2 + 2).zxids, []);
});

test('a missing file is refused, and both neighbours are named', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 3), range(E1, 4, 6), range(E1, 7, 8)]);
  rig.disk.remove('/log/log.100000004');
  assert.throws(
    () => readAll(rig.disk, 0),
    (error: Error & { code?: string }) =>
      error.code === 'ZK_LOG_GAP' && /log\.100000001.*log\.100000007/.test(error.message),
  );
  assert.equal(readAll(rig.disk, E1 + 6).zxids, range(E1, 7, 8), 'a newer snapshot covers the hole');
});

test('a log that starts after the snapshot is refused', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 4, 6)]);
  assert.throws(() => readAll(rig.disk, E1 + 2), /missing between 0x100000002 \(snapshot\)/);
  assert.throws(() => readAll(rig.disk, 0), /missing/);
});

test('a hole inside a file, and an epoch that does not start at 1, are refused', () => {
  const inside = testRig();
  writeFiles(inside, [[E1 + 1, E1 + 2, E1 + 4]]);
  assert.throws(() => readAll(inside.disk, 0), /missing between 0x100000002/);
  const epoch = testRig();
  writeFiles(epoch, [[E1 + 1], [E2 + 2]]);
  assert.throws(() => readAll(epoch.disk, 0), /missing between 0x100000001/);
});

test('ZOOKEEPER-2332: empty and header-only files are skipped', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 3), range(E1, 4, 5)]);
  rig.disk.open('/log/log.100000002', 'w');
  const header = rig.disk.open('/log/log.100000003', 'w');
  header.writeAt(0, rig.disk.read('/log/log.100000001').subarray(0, 16));
  rig.disk.open('/log/log.100000006', 'w').truncate(4096);
  assert.equal(readAll(rig.disk, 0).zxids, range(E1, 1, 5));
  assert.equal(readAll(rig.disk, E1 + 2).zxids, range(E1, 3, 5));
});

test('a log cut anywhere is read as the whole entries before the cut', () => {
  for (const preAllocBytes of [0, 8192]) {
    const rig = testRig();
    writeFiles(rig, [range(E1, 1, 4)], preAllocBytes);
    const whole = rig.disk.read('/log/log.100000001');
    for (let size = 0; size <= whole.length; size++) {
      rig.disk.open('/log/log.100000001', 'w').writeAt(0, whole, 0, size);
      const { zxids, tail } = readAll(rig.disk, 0);
      assert.equal(zxids, range(E1, 1, zxids.length));
      assert.ok(size < whole.length || zxids.length === 4);
      if (tail !== undefined) assert.ok(tail >= 16 && tail < size);
    }
  }
});

test('a log whose end was never written, though its size was, reads as the whole entries', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 4)]);
  const whole = rig.disk.read('/log/log.100000001');
  for (let size = 0; size <= whole.length; size++) {
    const file = rig.disk.open('/log/log.100000001', 'w');
    file.writeAt(0, whole, 0, size);
    file.truncate(whole.length + 500);
    const { zxids } = readAll(rig.disk, 0);
    assert.equal(zxids, range(E1, 1, zxids.length), `${size} bytes`);
  }
});

test('one flipped bit is never read as data, and never taken for a torn end: the log is refused', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 4)]);
  const path = '/log/log.100000001';
  const size = rig.disk.size(path);
  const lastEntry = 16 + ((size - 16) / 4) * 3;
  const dbid = { from: 8, to: 16 };
  for (let position = 0; position < size; position++) {
    if (position >= dbid.from && position < dbid.to) continue;
    const bit = position % 8;
    rig.disk.flipBit(path, position, bit);
    let outcome = 'read';
    try {
      readAll(rig.disk, 0);
    } catch (error) {
      outcome = (error as { code?: string }).code ?? String(error);
      assert.match((error as Error).message, path);
    }
    assert.is(outcome, 'ZK_LOG_CORRUPT', `byte ${position} bit ${bit}`);
    // The snapshot holds everything in the log, so nothing is lost and the server starts.
    if (position >= lastEntry) readAll(rig.disk, E1 + 4);
    rig.disk.flipBit(path, position, bit);
  }
});

test('damage before 64 MiB of zeros is examined quickly and in small pieces', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 2)]);
  const path = '/log/log.100000001';
  const file = rig.disk.open(path, 'a+');
  const size = file.size();
  // Overwrites the last end mark, so that no entry is left, torn or not.
  file.writeAt(size - 1, Buffer.from([7]));
  file.truncate(size + 64 * 1024 * 1024);
  let most = 0;
  const disk = {
    open: () => ({
      size: () => file.size(),
      close() {},
      readAt: (position: number, length: number) => {
        most = Math.max(most, length);
        return file.readAt(position, length);
      },
    }),
  };
  const reader = new LogFileReader(disk as unknown as Disk, path);
  while (reader.next() !== null);
  assert.equal([reader.damage?.reason, reader.damage?.torn], ['an entry without its end mark', false]);
  assert.ok(most <= 256 * 1024, `${most} bytes at once`);
});

test('an entry with any sector missing on the medium is torn', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 1)], 0, 'd'.repeat(2000));
  const file = rig.disk.open('/log/log.100000001', 'a+');
  const whole = file.readAt(0, file.size());
  for (let sector = 0; sector < 5; sector++) {
    file.writeAt(0, whole);
    const from = Math.max(16, sector * 512);
    file.writeAt(from, Buffer.alloc(Math.min((sector + 1) * 512, whole.length) - from));
    assert.equal(readAll(rig.disk, 0).zxids, [], `sector ${sector}`);
  }
});

test('A2: an entry that ends after the file is torn if this server may have begun it; otherwise its length is damaged', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 2)]);
  const path = '/log/log.100000001';
  const size = rig.disk.size(path);
  const head = Buffer.from('00000000123456780000000042424242', 'hex');
  for (const [megabytes, maxBufferMegabytes, torn] of [
    [3, 1, true],
    [64, 1, true],
    [65, 1, false],
    [65, 40, true],
    [81, 40, false],
    [2047, 2047, true],
  ] as const) {
    head.writeInt32BE(megabytes * 2 ** 20, 8);
    rig.disk.open(path, 'a+').writeAt(size, head);
    const read = () => readAll(rig.disk, 0, juteLimits(maxBufferMegabytes * 2 ** 20));
    if (torn) assert.equal(read(), { zxids: range(E1, 1, 2), tail: size });
    else assert.throws(read, /log\.100000001 is damaged at offset \d+: it ends inside an entry/);
  }
});

test('a torn end in an earlier file is damage, unless the very next zxid follows', () => {
  const torn = testRig();
  writeFiles(torn, [range(E1, 1, 3), range(E1, 4, 5)]);
  torn.disk.open('/log/log.100000001', 'a+').truncate(torn.disk.size('/log/log.100000001') - 5);
  assert.throws(() => readAll(torn.disk, 0), /log\.100000001 is damaged at offset/);
  const harmless = testRig();
  writeFiles(harmless, [range(E1, 1, 3)]);
  harmless.disk.open('/log/log.100000001', 'a+').truncate(harmless.disk.size('/log/log.100000001') - 5);
  writeFiles(harmless, [range(E1, 3, 5)]);
  assert.equal(readAll(harmless.disk, 0), { zxids: range(E1, 1, 5), tail: undefined });
});

test('TRUNC cuts after a zxid and removes later files', () => {
  const rig = testRig();
  writeFiles(rig, [range(E1, 1, 3), range(E1, 4, 6), range(E2, 1, 2)]);
  forgetAfter(rig.disk, '/log', E1 + 5, silentLogger);
  rig.disk.crash();
  assert.equal(readAll(rig.disk, 0).zxids, range(E1, 1, 5));
});

test('ZOOKEEPER-5094: a TRUNC that a crash interrupts leaves a log without a hole', () => {
  for (let stop = 1; stop <= 8; stop++) {
    const rig = testRig(stop);
    writeFiles(rig, [range(E1, 1, 3), range(E1, 4, 6), range(E2, 1, 2)]);
    let left = stop;
    rig.disk.beforeOperation = () => {
      if (--left === 0) throw new Error('power cut');
    };
    try {
      forgetAfter(rig.disk, '/log', E1 + 2, silentLogger);
    } catch {}
    rig.disk.beforeOperation = () => {};
    rig.disk.crash();
    const all = [...range(E1, 1, 6), ...range(E2, 1, 2)];
    const { zxids } = readAll(rig.disk, 0);
    assert.ok(zxids.length >= 2);
    assert.equal(zxids, all.slice(0, zxids.length));
  }
});
