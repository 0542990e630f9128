import { assert, suite } from '#test';
import { SeededRandom } from '../seeded-random.ts';
import { MemoryDisk } from '../virtual/memory-disk.ts';
import { VirtualClock } from '../virtual/virtual-clock.ts';
import { type DiskFaults, faultyDisk } from './faulty-disk.ts';

const test = suite('runtime: a disk with injected faults');

function diskWith(faults: DiskFaults) {
  const clock = new VirtualClock();
  const inner = new MemoryDisk({
    schedule: (ms, run) => void clock.after(ms, run),
    random: new SeededRandom(1),
  });
  inner.makeDirectory('/d');
  const written = inner.open('/d/there', 'w');
  written.writeAt(0, Buffer.from('kept'));
  written.syncNow();
  inner.syncDirectory('/d');
  const faulty = faultyDisk(asPlain(inner), clock);
  const file = faulty.disk.open('/d/there', 'a+');
  faulty.set(faults);
  return { ...faulty, clock, file, inner };
}

/** Its methods as properties, as the disk of Node.js has them. */
function asPlain(disk: MemoryDisk) {
  return {
    makeDirectory: (path: string) => disk.makeDirectory(path),
    list: (path: string) => disk.list(path),
    names: (path: string) => disk.names(path),
    fileInfo: (path: string) => disk.fileInfo(path),
    exists: (path: string) => disk.exists(path),
    identity: (path: string) => disk.identity(path),
    size: (path: string) => disk.size(path),
    read: (path: string) => disk.read(path),
    open: (path: string, mode: 'r' | 'w' | 'a+') => disk.open(path, mode),
    copyPermissions: () => disk.copyPermissions(),
    rename: (from: string, to: string) => disk.rename(from, to),
    remove: (path: string) => disk.remove(path),
    syncDirectory: (path: string) => disk.syncDirectory(path),
  };
}

test('without a fault everything passes, and nothing is counted', () => {
  const { disk, file, counts, clock } = diskWith({});
  file.writeAt(4, Buffer.from('!'));
  let synced: unknown = 'not yet';
  file.sync(error => {
    synced = error;
  });
  clock.advance(0);
  assert.is(synced, undefined);
  assert.is(disk.read('/d/there').toString(), 'kept!');
  assert.equal(counts, { delayedSyncs: 0, refusedOperations: 0 });
});

test('EIO: every sync fails, now or later, and nothing else does', () => {
  const { disk, file, counts, clock } = diskWith({ failure: 'EIO' });
  file.writeAt(4, Buffer.from('!'));
  assert.throws(() => file.syncNow(), /cannot sync \/d\/there: EIO/);
  assert.throws(() => disk.syncDirectory('/d'), /cannot sync directory \/d: EIO/);
  let failed: Error | undefined;
  file.sync(error => {
    failed = error;
  });
  assert.is(failed, undefined, 'no callback during the call');
  clock.advance(0);
  assert.match(String(failed), /cannot sync \/d\/there: EIO: i\/o error/);
  assert.is(counts.refusedOperations, 3);
});

test('ENOSPC: nothing can be added, but read, cut and removed', () => {
  const { disk, file } = diskWith({ failure: 'ENOSPC' });
  assert.throws(() => file.writeAt(0, Buffer.from('x')), /cannot write \/d\/there: ENOSPC/);
  assert.throws(() => file.truncate(1_000), /cannot truncate .*ENOSPC/);
  assert.throws(() => disk.open('/d/new', 'w'), /cannot open \/d\/new: ENOSPC/);
  assert.throws(() => disk.makeDirectory('/e'), /cannot create directory \/e: ENOSPC/);
  file.truncate(1);
  assert.is(disk.read('/d/there').toString(), 'k');
  disk.makeDirectory('/d');
  disk.remove('/d/there');
  assert.not(disk.exists('/d/there'));
});

test('EROFS: nothing can be changed, but read', () => {
  const { disk, file } = diskWith({ failure: 'EROFS' });
  for (const change of [
    () => file.writeAt(0, Buffer.from('x')),
    () => file.truncate(0),
    () => file.syncNow(),
    () => disk.open('/d/there', 'a+'),
    () => disk.rename('/d/there', '/d/elsewhere'),
    () => disk.remove('/d/there'),
  ])
    assert.throws(change, /EROFS: read-only file system/);
  assert.is(disk.open('/d/there', 'r').readAt(0, 9).toString(), 'kept');
});

test('a slow sync calls back late, also when the file was closed meanwhile, and its data are there', () => {
  const { file, counts, clock, inner } = diskWith({ syncDelayMs: 100 });
  file.writeAt(4, Buffer.from('!'));
  let synced = false;
  file.sync(() => {
    synced = true;
  });
  file.close();
  clock.advance(99);
  assert.not(synced);
  clock.advance(1);
  assert.ok(synced);
  assert.is(counts.delayedSyncs, 1);
  inner.crash();
  assert.is(inner.read('/d/there').toString(), 'kept!');
});
