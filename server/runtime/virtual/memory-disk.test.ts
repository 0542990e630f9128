import { assert, suite } from '#test';
import { MemoryDisk } from './memory-disk.ts';

const test = suite('runtime: memory disk');

/**
 * A disk whose syncs complete when `settle` is called, and whose crashes keep the given share of pending
 * changes.
 */
function setUp(keptShare: number): { disk: MemoryDisk; settle: () => unknown } {
  const due: (() => void)[] = [];
  const random = { float: () => keptShare, below: (bound: number) => Math.floor(keptShare * bound) };
  const disk = new MemoryDisk({ schedule: (_, run) => due.push(run), random });
  disk.makeDirectory('/d');
  return { disk, settle: () => due.splice(0).map(run => run()) };
}

test('a write reads back at once, and unwritten bytes read as zeros', () => {
  const { disk } = setUp(0);
  const file = disk.open('/d/a', 'w');
  file.truncate(1024 * 1024 * 1024);
  file.writeAt(4, Buffer.from('abc'));
  assert.equal(file.readAt(2, 7).toString('latin1'), '\0\0abc\0\0');
  assert.is(file.size(), 1024 * 1024 * 1024);
});

test('a crash loses a file whose directory was not synced', () => {
  const { disk } = setUp(0);
  disk.open('/d/a', 'w').syncNow();
  disk.crash();
  assert.equal(disk.list('/d'), []);
});

test('a crash keeps what was synced and drops what was not', () => {
  const { disk, settle } = setUp(0);
  const file = disk.open('/d/a', 'w');
  disk.syncDirectory('/d');
  file.writeAt(0, Buffer.from('safe'));
  let synced = false;
  file.sync(() => {
    synced = true;
  });
  file.writeAt(4, Buffer.from('lost'));
  settle();
  assert.ok(synced);
  disk.crash();
  assert.is(disk.read('/d/a').toString(), 'safe');
});

test('a crash may tear the write under way', () => {
  const { disk } = setUp(0.45);
  const file = disk.open('/d/a', 'w');
  disk.syncDirectory('/d');
  file.writeAt(0, Buffer.from('abcdefgh'));
  disk.crash();
  assert.is(disk.read('/d/a').toString(), 'abcd');
});

test('a crash undoes a truncation that was not synced', () => {
  const { disk } = setUp(0);
  const file = disk.open('/d/a', 'w');
  disk.syncDirectory('/d');
  file.writeAt(0, Buffer.from('abcdef'));
  file.syncNow();
  file.truncate(2);
  assert.is(disk.read('/d/a').toString(), 'ab');
  disk.crash();
  assert.is(disk.read('/d/a').toString(), 'abcdef');
});

test('a crash undoes a rename without a directory sync completely', () => {
  const { disk } = setUp(0);
  disk.open('/d/a.tmp', 'w');
  disk.syncDirectory('/d');
  disk.rename('/d/a.tmp', '/d/a');
  assert.equal(disk.list('/d'), ['a']);
  disk.crash();
  assert.equal(disk.list('/d'), ['a.tmp']);
});

test('a sync under way at a crash never calls back, and old handles are dead', () => {
  const { disk, settle } = setUp(0);
  const file = disk.open('/d/a', 'w');
  file.sync(() => assert.unreachable('answered'));
  disk.crash();
  settle();
  assert.throws(() => file.writeAt(0, Buffer.from('x')), /EBADF/);
});

test('after a failed sync later syncs succeed and save nothing, as Linux does', () => {
  const { disk } = setUp(0);
  const file = disk.open('/d/a', 'w');
  disk.syncDirectory('/d');
  file.writeAt(0, Buffer.from('abc'));
  disk.failSync = () => new Error('EIO');
  assert.throws(() => file.syncNow(), /EIO/);
  disk.failSync = () => undefined;
  file.syncNow();
  disk.crash();
  assert.is(disk.read('/d/a').length, 0);
});

test('a write after a failed sync is saved, without what that sync lost', () => {
  const { disk } = setUp(0);
  const file = disk.open('/d/a', 'w');
  disk.syncDirectory('/d');
  file.writeAt(0, Buffer.from('abc'));
  file.syncNow();
  disk.failSync = () => new Error('EIO');
  file.writeAt(3, Buffer.from('def'));
  assert.throws(() => file.syncNow(), /EIO/);
  disk.failSync = () => undefined;
  file.writeAt(6, Buffer.from('ghi'));
  file.syncNow();
  assert.is(disk.read('/d/a').toString(), 'abcdefghi');
  disk.crash();
  assert.is(disk.read('/d/a').toString(), 'abc\0\0\0ghi');
});

test('a full disk refuses the write that goes beyond', () => {
  const { disk } = setUp(0);
  disk.capacityBytes = 10;
  const file = disk.open('/d/a', 'w');
  file.writeAt(0, Buffer.alloc(10));
  assert.throws(() => file.writeAt(10, Buffer.alloc(1)), /ENOSPC/);
});
