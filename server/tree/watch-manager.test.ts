import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { type Acl, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { EventType } from '../wire/watch-event.ts';
import { WatchManager, WatchMode } from './watch-manager.ts';
import { WatchMemory, watchBytes } from './watch-memory.ts';
import type { Watcher } from './watcher.ts';

const test = suite('tree: watch manager');

/** Records what it is told, as "name event path". */
class Ear implements Watcher {
  watchBytes = 0;
  readonly name: string;
  readonly heard: string[];

  constructor(name: string, heard: string[] = []) {
    this.name = name;
    this.heard = heard;
  }

  process(eventType: number, path: string, _zxid: number, _acl: readonly Acl[]): void {
    const event = Object.entries(EventType).find(([, type]) => type === eventType)![0];
    this.heard.push(`${this.name} ${event} ${path}`);
  }
}

function fire(watches: WatchManager, path: string, type: EventType = EventType.dataChanged) {
  return watches.trigger(path, type, 1, OPEN_ACL_UNSAFE);
}

/** Counts by visiting each watch. */
function bytesOf(watches: WatchManager, ear: Ear): number {
  let bytes = 0;
  for (const [path, watcher] of watches.watches()) {
    if (watcher !== ear) continue;
    bytes += watchBytes(path);
    if (watches.has(path, ear, WatchMode.persistentRecursive)) bytes += watchBytes(path);
  }
  return bytes;
}

function counts(watches: WatchManager): number[] {
  return [watches.watchCount, watches.watcherCount, watches.pathCount];
}

test('a standard watch fires once, in the order of registration', () => {
  const watches = new WatchManager(new WatchMemory());
  const heard: string[] = [];
  for (const name of ['one', 'two']) assert.ok(watches.add('/a', new Ear(name, heard)));
  assert.equal(counts(watches), [2, 2, 1]);
  assert.ok(fire(watches, '/a'));
  assert.is(fire(watches, '/a'), null);
  assert.equal(heard, ['one dataChanged /a', 'two dataChanged /a']);
  assert.equal(counts(watches), [0, 0, 0]);
});

test('setting the same watch twice makes one', () => {
  const watches = new WatchManager(new WatchMemory());
  const ear = new Ear('ear');
  assert.is(watches.add('/a', ear), true);
  assert.is(watches.add('/a', ear), false);
  fire(watches, '/a');
  assert.is(ear.heard.length, 1);
});

test('a leaving watcher removes its watches and no others', () => {
  const watches = new WatchManager(new WatchMemory());
  const [gone, stays] = [new Ear('gone'), new Ear('stays')];
  watches.add('/a', gone);
  watches.add('/b', gone, WatchMode.persistentRecursive);
  watches.add('/a', stays);
  watches.removeWatcher(gone);
  watches.removeWatcher(gone);
  assert.equal(counts(watches), [1, 1, 1]);
  fire(watches, '/a');
  fire(watches, '/b/c');
  assert.equal([gone.heard.length, stays.heard.length], [0, 1]);
});

test('a leaving watcher with many watches is removed in parts, and not counted after the last', () => {
  const watches = new WatchManager(new WatchMemory());
  const gone = new Ear('gone');
  for (let i = 0; i < 5; i++) watches.add(`/${i}`, gone, WatchMode.persistentRecursive);
  assert.is(watches.removeWatcher(gone, 2), false);
  assert.equal(counts(watches), [3, 1, 3]);
  assert.is(watches.removeWatcher(gone, 2), false);
  assert.is(watches.removeWatcher(gone, 2), true);
  assert.equal(counts(watches), [0, 0, 0]);
  assert.is(watches.removeWatcher(gone, 2), true);
  fire(watches, '/4/5');
  assert.equal(gone.heard, []);
});

test('a suppressed watcher gets no event, but its watch is used up', () => {
  const watches = new WatchManager(new WatchMemory());
  const ear = new Ear('ear');
  watches.add('/a', ear);
  const told = watches.trigger('/a', EventType.deleted, 1, OPEN_ACL_UNSAFE, new Set<Watcher>([ear]));
  assert.ok(told!.has(ear));
  assert.equal(ear.heard, []);
  assert.is(watches.watchCount, 0);
});

test('a persistent watch stays, for its own path only', () => {
  const watches = new WatchManager(new WatchMemory());
  const ear = new Ear('ear');
  watches.add('/a', ear, WatchMode.persistent);
  for (const type of [EventType.created, EventType.childrenChanged, EventType.deleted])
    fire(watches, '/a', type);
  fire(watches, '/a/b');
  assert.equal(ear.heard, ['ear created /a', 'ear childrenChanged /a', 'ear deleted /a']);
  assert.equal(counts(watches), [1, 1, 1]);
});

test('a persistentRecursive watch fires once for each change below it, and never for NodeChildrenChanged', () => {
  const watches = new WatchManager(new WatchMemory());
  const ear = new Ear('ear');
  watches.add('/a', ear, WatchMode.persistentRecursive);
  watches.add('/a/b', ear, WatchMode.persistentRecursive);
  fire(watches, '/a/b/c', EventType.created);
  fire(watches, '/a/b', EventType.childrenChanged);
  fire(watches, '/a', EventType.dataChanged);
  fire(watches, '/ab', EventType.dataChanged);
  assert.equal(ear.heard, ['ear created /a/b/c', 'ear dataChanged /a']);
});

test('a persistentRecursive watch on the root fires for every path', () => {
  const watches = new WatchManager(new WatchMemory());
  const ear = new Ear('ear');
  watches.add('/', ear, WatchMode.persistentRecursive);
  fire(watches, '/a/b', EventType.deleted);
  fire(watches, '/', EventType.dataChanged);
  assert.equal(ear.heard, ['ear deleted /a/b', 'ear dataChanged /']);
});

test('ZOOKEEPER-4466: one watcher may have several modes on one path', () => {
  const watches = new WatchManager(new WatchMemory());
  const ear = new Ear('ear');
  watches.add('/a', ear);
  watches.add('/a', ear, WatchMode.persistent);
  watches.add('/a', ear, WatchMode.persistentRecursive);
  assert.equal(counts(watches), [1, 1, 1]);
  fire(watches, '/a');
  assert.is(ear.heard.length, 1, 'one event per change');
  assert.is(watches.has('/a', ear, WatchMode.standard), false);
  assert.ok(watches.remove('/a', ear, WatchMode.persistent));
  fire(watches, '/a', EventType.childrenChanged);
  assert.is(ear.heard.length, 1, 'only the recursive one is left');
  assert.ok(watches.remove('/a', ear));
  assert.is(watches.remove('/a', ear), false);
  assert.equal(counts(watches), [0, 0, 0]);
});

test('a watcher may set its watch again, or leave, while it is told', () => {
  const watches = new WatchManager(new WatchMemory());
  const heard: string[] = [];
  const leaver = new Ear('leaver', heard);
  const rearmer: Watcher = {
    watchBytes: 0,
    process(_type, path) {
      heard.push('rearmer');
      watches.add(path, rearmer);
      watches.removeWatcher(leaver);
    },
  };
  watches.add('/a', rearmer);
  watches.add('/a', leaver);
  watches.add('/b', leaver);
  fire(watches, '/a');
  assert.equal(heard, ['rearmer', 'leaver dataChanged /a']);
  assert.equal(counts(watches), [1, 1, 1]);
});

test('counts and tables agree after any sequence of calls', () => {
  const step = fc.record({
    call: fc.constantFrom('add', 'add', 'remove', 'gone', 'fire'),
    path: fc.constantFrom('/', '/a', '/a/b', '/c'),
    ear: fc.nat(2),
    mode: fc.constantFrom(...Object.values(WatchMode)),
    type: fc.constantFrom(EventType.created, EventType.childrenChanged),
  });
  fc.assert(
    fc.property(fc.array(step), steps => {
      const memory = new WatchMemory();
      const watches = new WatchManager(memory);
      const ears = [0, 1, 2].map(i => new Ear(`${i}`));
      for (const { call, path, ear, mode, type } of steps) {
        if (call === 'add') watches.add(path, ears[ear]!, mode);
        else if (call === 'remove') watches.remove(path, ears[ear]!, mode);
        else if (call === 'gone') watches.removeWatcher(ears[ear]!);
        else fire(watches, path, type);
      }
      const pairs = [...watches.watches()];
      const watchers = new Set(pairs.map(([, watcher]) => watcher));
      const paths = new Set(pairs.map(([path]) => path));
      assert.equal(counts(watches), [pairs.length, watchers.size, paths.size]);
      for (const [path, watcher] of pairs) assert.ok(watches.pathsOf(watcher)!.has(path));
      for (const ear of ears) assert.is(ear.watchBytes, bytesOf(watches, ear));
      assert.is(
        memory.bytes,
        ears.reduce((sum, { watchBytes }) => sum + watchBytes, 0),
      );
      for (const ear of ears) watches.removeWatcher(ear);
      assert.equal(counts(watches), [0, 0, 0]);
      assert.equal([memory.bytes, ...ears.map(({ watchBytes }) => watchBytes)], [0, 0, 0, 0]);
      const late = new Ear('late');
      watches.add('/a', late);
      fire(watches, '/a/b', EventType.created);
      assert.equal(late.heard, [], 'no count of a mode was left behind');
    }),
  );
});

test('field report B1: used-up watches of very many watchers are removed in parts, and a watcher may set its own again meanwhile', () => {
  const memory = new WatchMemory();
  const watches = new WatchManager(memory);
  const ears = Array.from({ length: 1000 }, (_, i) => new Ear(`${i}`));
  for (const ear of ears) watches.add('/a', ear);
  watches.add('/b', ears[0]!);
  fire(watches, '/a');
  assert.ok(ears.every(ear => ear.heard.length === 1));
  assert.equal([watches.watchCount, watches.pathCount, watches.isSettled], [1, 1, false]);
  assert.is(watches.add('/a', ears[1]!), true);
  watches.removeWatcher(ears[2]!);
  let parts = 0;
  while (!watches.settle(100)) parts++;
  assert.is(parts, 10);
  assert.equal(counts(watches), [2, 2, 2]);
  assert.equal([...watches.pathsOf(ears[1]!)!], ['/a']);
  assert.is(memory.bytes, watchBytes('/a') + watchBytes('/b'));
  fire(watches, '/a');
  assert.equal([ears[1]!.heard.length, ears[3]!.heard.length], [2, 1]);
});

test('lists of watchers and their paths never contain used-up watches', () => {
  const ears = Array.from({ length: 100 }, (_, i) => new Ear(`${i}`));
  for (const ask of [
    (watches: WatchManager) => watches.watcherCount,
    (watches: WatchManager) => [...watches.watchers].length,
    (watches: WatchManager) => watches.pathsOf(ears[5]!)?.size ?? 0,
  ]) {
    const watches = new WatchManager(new WatchMemory());
    for (const ear of ears) watches.add('/a', ear);
    fire(watches, '/a');
    assert.is(watches.isSettled, false);
    assert.is(ask(watches), 0);
  }
});
