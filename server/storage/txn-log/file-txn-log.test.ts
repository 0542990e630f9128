import { assert, suite } from '#test';
import { type Logger, silentLogger } from '../../runtime/logging/logger.ts';
import { juteLimits } from '../../wire/jute-limits.ts';
import { makeZxid } from '../../wire/zxid.ts';
import { createPacket, type TestRig, testRig } from '../storage.test-kit.ts';
import { FileTxnLog, type FileTxnLogOptions } from './file-txn-log.ts';
import { TxnLogReader } from './txn-log-reader.ts';

const test = suite('storage: transaction log, writing');
const E1 = makeZxid(1, 0);

function openLog(rig: TestRig, options: Partial<FileTxnLogOptions> = {}, last = E1): FileTxnLog {
  rig.disk.makeDirectory('/log');
  const { clock, disk, metrics } = rig;
  return new FileTxnLog(
    {
      clock,
      disk,
      metrics,
      directory: '/log',
      preAllocBytes: 65536,
      sizeLimitBytes: 0,
      forceSync: true,
      logger: silentLogger,
      fsyncWarningMs: 1000,
      ...options,
    },
    last,
  );
}

function append(log: FileTxnLog, from: number, to: number): void {
  for (let counter = from; counter <= to; counter++) log.append(createPacket(E1 + counter));
}

function countersIn(rig: TestRig): number[] {
  const reader = new TxnLogReader(
    { disk: rig.disk, directory: '/log', logger: silentLogger, jute: juteLimits() },
    E1,
    'the start',
  );
  const counters: number[] = [];
  for (let entry = reader.next(); entry !== null; entry = reader.next()) counters.push(entry.zxid - E1);
  reader.close();
  return counters;
}

test('the bytes of an entry are those Java writes [facts 24]', () => {
  const rig = testRig();
  const log = openLog(rig);
  const packet = createPacket(E1 + 1);
  log.append(packet);
  log.flush(() => {});
  rig.clock.run();
  assert.equal(rig.disk.list('/log'), ['log.100000001']);
  const bytes = rig.disk.read('/log/log.100000001');
  assert.is(bytes.length, 16 + 65536, 'header, then one step of padding');
  assert.is(bytes.toString('hex', 0, 16), '5a4b4c47000000020000000000000000');
  const txn = packet.bytes.subarray(16, -4);
  assert.is(bytes.readInt32BE(24), txn.length);
  assert.ok(bytes.subarray(28, 28 + txn.length).equals(txn));
  assert.is(bytes[28 + txn.length], 0x42);
  assert.ok(bytes.subarray(29 + txn.length).every(byte => byte === 0));
});

test('entries appended during a sync share the next one', () => {
  const rig = testRig();
  const log = openLog(rig);
  const acked: string[] = [];
  append(log, 1, 2);
  log.flush(() => acked.push('a'));
  append(log, 3, 5);
  log.flush(() => acked.push('b'));
  append(log, 6, 6);
  log.flush(() => acked.push('c'));
  assert.equal(acked, []);
  rig.clock.step();
  assert.equal(acked, ['a'], 'the first sync began before the others were written');
  rig.clock.run();
  assert.equal(acked, ['a', 'b', 'c']);
  assert.is(rig.metrics.counter('fsync_count').value, 2);
  assert.equal(countersIn(rig), [1, 2, 3, 4, 5, 6]);
});

test('a flush of nothing new costs no sync, and never calls back from inside', () => {
  const rig = testRig();
  const log = openLog(rig);
  let called = 0;
  log.flush(() => called++);
  assert.is(called, 0);
  rig.clock.run();
  assert.is(called, 1);
  append(log, 1, 1);
  log.flush(() => called++);
  rig.clock.run();
  log.flush(() => called++);
  rig.clock.run();
  assert.is(called, 3);
  assert.is(rig.metrics.counter('fsync_count').value, 1);
});

test('forceSync=no acknowledges from the page cache', () => {
  const rig = testRig();
  const log = openLog(rig, { forceSync: false });
  let acked = false;
  append(log, 1, 1);
  log.flush(() => {
    acked = true;
  });
  rig.clock.run();
  assert.ok(acked);
  assert.is(rig.metrics.counter('fsync_count').value, 0);
});

test('ZOOKEEPER-4925: an entry out of order is refused', () => {
  const log = openLog(testRig());
  append(log, 1, 3);
  assert.throws(() => append(log, 3, 3), /0x100000003 appended after 0x100000003/);
  assert.throws(() => append(log, 2, 2), /appended after/);
});

test('a roll starts a file named by its first zxid and cuts the padding of the one before', () => {
  const rig = testRig();
  const log = openLog(rig);
  append(log, 1, 2);
  log.flush(() => {});
  rig.clock.run();
  log.roll();
  append(log, 3, 3);
  log.flush(() => {});
  rig.clock.run();
  assert.equal(rig.disk.list('/log'), ['log.100000001', 'log.100000003']);
  assert.ok(rig.disk.size('/log/log.100000001') < 1000);
  assert.equal(countersIn(rig), [1, 2, 3]);
});

test('a roll while a sync is under way loses nothing and acknowledges in order', () => {
  const rig = testRig();
  const log = openLog(rig);
  const acked: number[] = [];
  append(log, 1, 2);
  log.flush(() => acked.push(1));
  log.roll();
  append(log, 3, 3);
  log.flush(() => acked.push(2));
  rig.clock.run();
  assert.equal(acked, [1, 2]);
  assert.equal(rig.disk.list('/log'), ['log.100000001', 'log.100000003']);
  rig.disk.crash();
  assert.equal(countersIn(rig), [1, 2, 3]);
});

test('the size limit rolls', () => {
  const rig = testRig();
  const log = openLog(rig, { sizeLimitBytes: 200 });
  for (let counter = 1; counter <= 6; counter++) {
    append(log, counter, counter);
    log.flush(() => {});
    rig.clock.run();
  }
  assert.ok(rig.disk.list('/log').length > 2);
  assert.equal(countersIn(rig), [1, 2, 3, 4, 5, 6]);
});

test('a large batch goes to the page cache before its flush, and is whole', () => {
  const rig = testRig();
  const log = openLog(rig);
  const data = 'y'.repeat(100_000);
  for (let counter = 1; counter <= 30; counter++) log.append(createPacket(E1 + counter, data));
  assert.ok(rig.disk.size('/log/log.100000001') > 2_000_000);
  log.flush(() => {});
  rig.clock.run();
  assert.is(countersIn(rig).length, 30);
});

test('a large transaction is written at once, in its place among small ones, also around a roll and a sync', () => {
  const large = 'y'.repeat(100_000);
  const rig = testRig();
  const log = openLog(rig);
  let acked = 0;
  const add = (...counters: number[]) => {
    for (const counter of counters) log.append(createPacket(E1 + counter, counter % 3 === 0 ? large : 'x'));
    log.flush(() => {
      acked += counters.length;
    });
  };
  add(1, 2, 3);
  assert.ok(rig.disk.size('/log/log.100000001') > large.length, 'the first large one waits for the flush');
  add(4, 5, 6, 7);
  log.roll();
  add(8, 9, 10, 11, 12);
  rig.clock.run();
  assert.is(acked, 12);
  log.roll();
  add(13, 14, 15);
  rig.clock.run();
  assert.equal(rig.disk.list('/log'), ['log.100000001', 'log.100000007', 'log.10000000d']);
  rig.disk.crash();
  assert.equal(
    countersIn(rig),
    Array.from({ length: 15 }, (_, i) => i + 1),
  );
});

test('a large transaction that cannot be written fails the next flush, not its append', () => {
  const rig = testRig();
  const log = openLog(rig, { preAllocBytes: 0 });
  append(log, 1, 1);
  rig.disk.capacityBytes = 50_000;
  log.append(createPacket(E1 + 2, 'y'.repeat(100_000)));
  append(log, 3, 3);
  let message = '';
  log.flush(error => {
    message = error?.message ?? '';
  });
  rig.clock.run();
  assert.match(message, /\/log\/log.100000001.*ENOSPC/);
});

test('a failed sync fails its flush and every later one', () => {
  const rig = testRig();
  const log = openLog(rig);
  const errors: (string | undefined)[] = [];
  append(log, 1, 1);
  rig.disk.failSync = () => new Error('EIO: i/o error');
  log.flush(error => errors.push(error?.code));
  rig.clock.run();
  rig.disk.failSync = () => undefined;
  append(log, 2, 2);
  log.flush(error => errors.push(error?.code));
  rig.clock.run();
  assert.equal(errors, ['ZK_DISK', 'ZK_DISK']);
});

test('a full disk fails the flush and names the file', () => {
  const rig = testRig();
  const log = openLog(rig);
  append(log, 1, 1);
  rig.disk.capacityBytes = 1000;
  let message = '';
  log.flush(error => {
    message = error?.message ?? '';
  });
  rig.clock.run();
  assert.match(message, /\/log\/log.100000001.*ENOSPC/);
});

test('a crash after the acknowledgement keeps the entries, the name of the new file included', () => {
  const rig = testRig();
  const log = openLog(rig);
  let acked = false;
  append(log, 1, 4);
  log.flush(() => {
    acked = true;
  });
  rig.clock.run();
  assert.ok(acked);
  rig.disk.crash();
  assert.equal(countersIn(rig), [1, 2, 3, 4]);
});

test('a planted bug is seen: acknowledged before the sync, entries are lost', () => {
  let lost = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const rig = testRig(seed);
    const log = openLog(rig, { forceSync: false });
    append(log, 1, 4);
    log.flush(() => {});
    rig.clock.run();
    rig.disk.crash();
    if (countersIn(rig).length < 4) lost++;
  }
  assert.ok(lost > 10, `${lost} of 20 crashes lost entries`);
});

test('close makes durable what was appended, and no callback follows', () => {
  const rig = testRig();
  const log = openLog(rig);
  append(log, 1, 3);
  log.flush(() => assert.unreachable('called after close'));
  log.close();
  rig.clock.run();
  rig.disk.crash();
  assert.equal(countersIn(rig), [1, 2, 3]);
  assert.throws(() => append(log, 4, 4), /closed log/);
});

test('a file that holds transactions is never overwritten', () => {
  const rig = testRig();
  const log = openLog(rig);
  append(log, 1, 3);
  log.close();
  const again = openLog(rig);
  append(again, 1, 1);
  let message = '';
  again.flush(error => {
    message = error?.message ?? '';
  });
  rig.clock.run();
  assert.match(message, /would be overwritten/);
});

test('entries written early are synced before a roll leaves their file', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const rig = testRig(seed);
    const log = openLog(rig);
    append(log, 1, 3);
    log.writeOut();
    log.roll();
    append(log, 4, 4);
    let acked = false;
    log.flush(() => {
      acked = true;
    });
    rig.clock.run();
    assert.ok(acked);
    rig.disk.crash();
    assert.equal(countersIn(rig), [1, 2, 3, 4]);
  }
});

test('a slow sync is logged', () => {
  const rig = testRig();
  const warnings: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message, fields) => void warnings.push([message, fields]),
  };
  const log = openLog(rig, { logger, fsyncWarningMs: 20 });
  for (const [i, delayMs] of [20, 21].entries()) {
    rig.disk.syncDelayMs = delayMs;
    append(log, i + 1, i + 1);
    log.flush(() => {});
    rig.clock.run();
  }
  assert.equal(warnings, [
    ['an fsync of the transaction log was slow', { path: '/log/log.100000001', ms: 21 }],
  ]);
  assert.is(rig.metrics.summary('fsynctime').max, 21);
});
