import { assert, suite } from '#test';
import { type Acl, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { JuteError, JuteReader, JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type SetWatchesRequest, writeSetWatchesRequest } from '../wire/requests.ts';
import type { TxnBody } from '../wire/txn.ts';
import { EventType } from '../wire/watch-event.ts';
import { DataTree } from './data-tree.ts';
import { addWatch, hasWatch, Rearming, removeWatch, WatcherType } from './set-watches.ts';
import { WatchMode } from './watch-manager.ts';
import { watchLimits } from './watch-memory.ts';
import type { Watcher } from './watcher.ts';

/**
 * Tests which events a change fires, for whom, in which order, and with whose ACL. @see docs/wire.md
 * "Watches"
 */
const test = suite('tree: watch transcripts');

const ALICE_ONLY: Acl[] = [{ perms: 31, id: { scheme: 'digest', id: 'alice:hash' } }];
const BOB_ONLY: Acl[] = [{ perms: 31, id: { scheme: 'digest', id: 'bob:hash' } }];

const LIMITS = watchLimits(2 ** 30);

/** One tree, and one log of its watchers' events: "name event path @zxid scheme-of-ACL". */
class Story {
  readonly tree = new DataTree();
  #heard: string[] = [];
  #zxid = 0;

  ear(name: string): Watcher {
    return {
      watchBytes: 0,
      process: (type, path, zxid, acl) => {
        const event = Object.entries(EventType).find(([, code]) => code === type)![0];
        this.#heard.push(`${name} ${event} ${path} @${zxid} ${acl[0]!.id.id}`);
      },
    };
  }

  /** Applies it as the next zxid and returns the events. */
  after(body: TxnBody, watchEvents = true): string[] {
    const zxid = ++this.#zxid;
    const header = { clientHigh: 0, clientLow: 7, cxid: 1, zxid, time: zxid, type: body.type };
    this.tree.processTxn(header, body, watchEvents);
    return this.heard();
  }

  heard(): string[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  create(path: string, acl: readonly Acl[] = OPEN_ACL_UNSAFE, ephemeral = false): string[] {
    const txn = { path, data: null, acl: [...acl], ephemeral, parentCVersion: -1 };
    return this.after({ type: OpCode.create, ...txn });
  }

  /** Both kinds of one-shot watch on each path. */
  watch(watcher: Watcher, ...paths: string[]): void {
    for (const path of paths) {
      this.tree.dataWatches.add(path, watcher);
      this.tree.childWatches.add(path, watcher);
    }
  }
}

test('create: data watchers of the path hear NodeCreated, then child watchers of the parent', () => {
  const story = new Story();
  story.watch(story.ear('w'), '/', '/a');
  assert.equal(story.create('/a'), ['w created /a @1 anyone', 'w childrenChanged / @1 anyone']);
  assert.is(story.tree.dataWatches.watchCount, 1, 'the data watch of the parent is still armed');
  assert.equal(story.create('/b'), [], 'the child watch of the parent is spent');
});

test('delete: NodeDeleted once though watched both ways, then the parent', () => {
  const story = new Story();
  story.create('/a');
  story.watch(story.ear('w'), '/', '/a');
  story.tree.childWatches.add('/a', story.ear('c'));
  assert.equal(story.after({ type: OpCode.delete, path: '/a' }), [
    'w deleted /a @2 anyone',
    'c deleted /a @2 anyone',
    'w childrenChanged / @2 anyone',
  ]);
  assert.is(story.tree.childWatches.watchCount, 0);
});

test('setData fires data watches only, setACL and errors none', () => {
  const story = new Story();
  story.create('/a');
  story.watch(story.ear('w'), '/', '/a');
  assert.equal(story.after({ type: OpCode.setACL, path: '/a', acl: ALICE_ONLY, version: 1 }), []);
  assert.equal(story.after({ type: OpCode.error, err: -101 }), []);
  const set: TxnBody = { type: OpCode.setData, path: '/a', data: null, version: 1 };
  assert.equal(story.after(set), ['w dataChanged /a @4 alice:hash']);
  assert.equal(story.after(set), []);
});

test('closeSession fires as deletes do', () => {
  const story = new Story();
  story.create('/e', OPEN_ACL_UNSAFE, true);
  story.watch(story.ear('w'), '/', '/e');
  assert.equal(story.after({ type: OpCode.closeSession, paths: ['/e'] }), [
    'w deleted /e @2 anyone',
    'w childrenChanged / @2 anyone',
  ]);
});

test('each part of a multi fires its own events, all with the zxid of the whole', () => {
  const story = new Story();
  story.watch(story.ear('w'), '/', '/a');
  const part = { data: null, acl: [...OPEN_ACL_UNSAFE], ephemeral: false, parentCVersion: -1 };
  const txns: TxnBody[] = [
    { type: OpCode.create, path: '/a', ...part },
    { type: OpCode.create, path: '/b', ...part },
  ];
  assert.equal(story.after({ type: OpCode.multi, txns }), [
    'w created /a @1 anyone',
    'w childrenChanged / @1 anyone',
  ]);
});

test('a replay fires nothing and spends nothing', () => {
  const story = new Story();
  story.create('/a');
  story.watch(story.ear('w'), '/', '/a');
  assert.equal(story.after({ type: OpCode.delete, path: '/a' }, false), []);
  assert.is(story.tree.dataWatches.watchCount + story.tree.childWatches.watchCount, 4);
});

test("CVE-2024-23944: an event carries the ACL its receiver must pass: the node's own, the last one, or the parent's", () => {
  const story = new Story();
  story.create('/p', BOB_ONLY);
  const w = story.ear('w');
  story.watch(w, '/p', '/p/c');
  assert.equal(story.create('/p/c', ALICE_ONLY), [
    'w created /p/c @2 alice:hash',
    'w childrenChanged /p @2 bob:hash',
  ]);
  story.watch(w, '/p', '/p/c');
  assert.equal(story.after({ type: OpCode.delete, path: '/p/c' }), [
    'w deleted /p/c @3 alice:hash',
    'w childrenChanged /p @3 bob:hash',
  ]);
});

test('persistentRecursive: one event per change below, from create to delete', () => {
  const story = new Story();
  story.create('/a');
  addWatch(story.tree, '/a', story.ear('r'), WatchMode.persistentRecursive);
  addWatch(story.tree, '/a', story.ear('p'), WatchMode.persistent);
  const heard = [
    ...story.create('/a/b'),
    ...story.after({ type: OpCode.setData, path: '/a/b', data: null, version: 1 }),
    ...story.after({ type: OpCode.delete, path: '/a/b' }),
    ...story.after({ type: OpCode.delete, path: '/a' }),
  ];
  assert.equal(heard, [
    'r created /a/b @2 anyone',
    'p childrenChanged /a @2 anyone',
    'r dataChanged /a/b @3 anyone',
    'r deleted /a/b @4 anyone',
    'p childrenChanged /a @4 anyone',
    'r deleted /a @5 anyone',
    'p deleted /a @5 anyone',
  ]);
});

/** Processes the request path by path, as for a long one. */
function rearm(tree: DataTree, request: SetWatchesRequest, watcher: Watcher): void {
  const writer = new JuteWriter();
  writeSetWatchesRequest(writer, request, true);
  const rearming = new Rearming({ tree, limits: LIMITS }, new JuteReader(writer.bytes), true, watcher);
  while (!rearming.step(1));
}

test('a malformed setWatches does nothing, not even for its valid paths', () => {
  const story = new Story();
  story.create('/a');
  const w = story.ear('w');
  const writer = new JuteWriter();
  const lists = { existWatches: ['/b'], childWatches: ['/a'], persistentWatches: ['/p'] };
  const request = { relativeZxid: 0, dataWatches: ['/a'], ...lists, persistentRecursiveWatches: ['/r'] };
  writeSetWatchesRequest(writer, request, true);
  for (let end = 0; end < writer.length; end++) {
    assert.throws(
      () => new Rearming({ tree: story.tree, limits: LIMITS }, new JuteReader(writer.bytes, 0, end), true, w),
      (error: Error) => error instanceof JuteError,
    );
  }
  assert.equal(story.heard(), []);
  assert.is(story.tree.dataWatches.watchCount + story.tree.childWatches.watchCount, 0);
  const missing = new JuteWriter().writeLong(1).writeInt(-1).writeInt(-1).writeInt(-1);
  assert.is(
    new Rearming({ tree: story.tree, limits: LIMITS }, new JuteReader(missing.bytes), false, w).step(1),
    true,
    'null is none',
  );
});

test('setWatches sends the events missed since the relative zxid and sets the other watches', () => {
  const story = new Story();
  story.create('/old');
  story.create('/new', ALICE_ONLY);
  const w = story.ear('w');
  const paths = ['/old', '/new', '/gone'];
  const request = { relativeZxid: 1, persistentWatches: [], persistentRecursiveWatches: [] };
  const none = { dataWatches: [], existWatches: [], childWatches: [] };
  rearm(story.tree, { ...request, ...none, dataWatches: paths }, w);
  assert.equal(story.heard(), ['w dataChanged /new @2 alice:hash', 'w deleted /gone @2 anyone']);
  rearm(story.tree, { ...request, ...none, existWatches: paths }, w);
  assert.equal(story.heard(), ['w created /old @2 anyone', 'w created /new @2 alice:hash']);
  rearm(story.tree, { ...request, ...none, childWatches: paths }, w);
  assert.equal(story.heard(), ['w childrenChanged /new @2 alice:hash', 'w deleted /gone @2 anyone']);
  assert.equal([...story.tree.dataWatches.pathsOf(w)!], ['/old', '/gone']);
  assert.equal([...story.tree.childWatches.pathsOf(w)!], ['/old']);
});

test('setWatches2 restores persistent watches without sending missed events', () => {
  const story = new Story();
  const w = story.ear('w');
  rearm(
    story.tree,
    {
      relativeZxid: 0,
      dataWatches: [],
      existWatches: [],
      childWatches: [],
      persistentWatches: ['/p'],
      persistentRecursiveWatches: ['/r'],
    },
    w,
  );
  assert.equal(story.heard(), []);
  assert.equal(
    [...story.create('/p'), ...story.create('/p/x')],
    ['w created /p @1 anyone', 'w childrenChanged /p @2 anyone'],
  );
  assert.equal(
    [...story.create('/r'), ...story.create('/r/x')],
    ['w created /r @3 anyone', 'w created /r/x @4 anyone'],
  );
});

test('checkWatches and removeWatches by type', () => {
  const { children, data, any, persistent, persistentRecursive } = WatcherType;
  const armed: [arm: (tree: DataTree, w: Watcher) => void, types: number[]][] = [
    [(tree, w) => void tree.dataWatches.add('/a', w), [data, any]],
    [(tree, w) => void tree.childWatches.add('/a', w), [children, any]],
    [(tree, w) => addWatch(tree, '/a', w, WatchMode.persistent), [any, persistent]],
    [(tree, w) => addWatch(tree, '/a', w, WatchMode.persistentRecursive), [any, persistentRecursive]],
  ];
  for (const [arm, types] of armed) {
    for (const type of [0, children, data, any, persistent, persistentRecursive, 6]) {
      const { tree } = new Story();
      const w: Watcher = { watchBytes: 0, process() {} };
      arm(tree, w);
      const expected = types.includes(type);
      assert.is(hasWatch(tree, '/a', type, w), expected, `check ${type}`);
      assert.is(hasWatch(tree, '/b', type, w), false);
      assert.is(removeWatch(tree, '/a', type, w), expected, `remove ${type}`);
      assert.is(hasWatch(tree, '/a', any, w), !expected);
    }
  }
});
