import { assert, suite } from '#test';
import { fc } from '#test/properties';
import type { Acl } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { parentOf } from '../wire/path.ts';
import type { TxnBody, TxnHeader } from '../wire/txn.ts';
import { DataTree } from './data-tree.ts';
import { anyWish, historyOf, SESSIONS, type Txn, type Wish } from './history.test-kit.ts';
import { type NaiveTree, naiveViewOf } from './naive-tree.test-kit.ts';
import { TreeWalk } from './tree-walk.ts';
import type { TxnResult } from './txn-result.ts';
import { ZNode } from './znode.ts';

/**
 * Tests of fuzzy snapshots: a walk over a tree that changes meanwhile is loaded, and the log from the walk's
 * start on is applied. The result must equal the tree that applied everything once. @see ZOOKEEPER-3125;
 * ZOOKEEPER-3127; ZOOKEEPER-3144; ZOOKEEPER-3145
 */
const test = suite('tree: replay onto fuzzy snapshots');

/**
 * Loads what a walk sees that starts after `start` transactions and visits `pace` nodes between two of the
 * others.
 */
function restoreFuzzy(txns: readonly Txn[], start: number, pace: number, restored: DataTree): DataTree {
  const live = new DataTree('extended');
  for (const [header, body] of txns.slice(0, start)) live.processTxn(header, body);
  restored.beginLoad();
  const aclMap = new Map(live.aclCache.entries());
  for (const [key, acl] of aclMap) restored.aclCache.load(key, acl);
  const walk = new TreeWalk(live);
  let next = start;
  for (let step = walk.next(), nodes = 1; step !== null; step = walk.next(), nodes++) {
    const [path, node] = step;
    // As in a snapshot, the ACL is stored by key, and the map was written before the first node.
    const acl = restored.aclCache.get(live.aclCache.keyOf(node.acl)) ?? [];
    restored.putLoaded(path, copyOf(node, acl));
    if (nodes % pace === 0 && next < txns.length) live.processTxn(...txns[next++]!);
  }
  restored.endLoad();
  return restored;
}

function copyOf(node: ZNode, acl: readonly Acl[]): ZNode {
  const { data, ephemeralOwner, czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = node;
  const fields = { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion };
  return Object.assign(new ZNode(data, acl, ephemeralOwner, 0, 0), fields);
}

function replay(tree: DataTree, txns: readonly Txn[]): TxnResult[] {
  return txns.map(([header, body]) => tree.processTxn(header, body, false));
}

function assertSame(tree: DataTree, twin: NaiveTree): void {
  assert.equal(new Map([...naiveViewOf(tree).nodes].sort()), new Map([...twin.nodes].sort()));
  assert.is(tree.digest.toBigInt(), twin.digest());
  assert.is(tree.nodeCount, twin.nodes.size + 3);
  let dataSize = '/zookeeper/quota'.length + '/zookeeper/config'.length + 1;
  for (const [path, node] of twin.nodes) {
    dataSize += path.length + (node.data?.length ?? 0);
    const children = tree.getNode(path === '' ? '/' : path)!.children ?? [];
    const expected = twin.childrenOf(path).map(child => child.slice(path.length + 1));
    assert.equal(path === '/zookeeper' ? [] : [...children].sort(), expected);
  }
  assert.is(tree.approximateDataSize, dataSize);
  const owned = [...twin.nodes].filter(([, node]) => SESSIONS.includes(node.owner));
  assert.is(tree.ephemeralsCount, owned.length);
  for (const [path, node] of owned) assert.ok(tree.ephemeralsOf(node.owner)!.has(path), path);
}

/** Whether every fuzzy snapshot converges; `makeTree` is what restores and replays. */
function converges(
  makeTree: () => DataTree,
  runs: number,
  endOnFailure = false,
): fc.RunDetails<[Wish[], number, number]> {
  const property = fc.property(
    fc.array(anyWish, { minLength: 20, maxLength: 80, size: 'max' }),
    fc.nat(60),
    fc.integer({ min: 1, max: 4 }),
    (wishes, startAt, pace) => {
      const { txns, twin } = historyOf(wishes);
      const start = Math.min(startAt, txns.length);
      const tree = restoreFuzzy(txns, start, pace, makeTree());
      replay(tree, txns.slice(start));
      assertSame(tree, twin);
    },
  );
  return fc.check(property, { numRuns: runs, seed: 368, endOnFailure });
}

test('a history applied once gives the tree of the naive twin', () => {
  fc.assert(
    fc.property(fc.array(anyWish, { maxLength: 60 }), wishes => {
      const { txns, twin } = historyOf(wishes);
      const tree = new DataTree('extended');
      const results = replay(tree, txns);
      assertSame(tree, twin);
      for (const [i, [, body]] of txns.entries()) {
        if (body.type !== OpCode.error && body.type !== OpCode.multi)
          assert.is(results[i]!.err, ErrorCode.OK);
      }
    }),
    { numRuns: 500, seed: 368 },
  );
});

test(
  'a fuzzy snapshot and the log behind it give the same tree',
  () => {
    const details = converges(() => new DataTree('extended'), 1500);
    assert.not(details.failed, fc.defaultReportMessage(details) ?? '');
  },
  { deadlineMs: 240_000 },
);

test('any suffix of a history applied again changes nothing', () => {
  fc.assert(
    fc.property(fc.array(anyWish, { minLength: 1, maxLength: 40 }), fc.nat(40), (wishes, from) => {
      const { txns, twin } = historyOf(wishes);
      const tree = new DataTree('extended');
      replay(tree, txns);
      replay(tree, txns.slice(Math.min(from, txns.length)));
      assertSame(tree, twin);
    }),
    { numRuns: 500, seed: 368 },
  );
});

test('planted: a delete that moves pzxid down again is caught', () => {
  class Downward extends DataTree {
    override processTxn(header: TxnHeader, body: TxnBody, watchEvents?: boolean): TxnResult {
      const result = super.processTxn(header, body, watchEvents);
      if (body.type === OpCode.delete) {
        const parent = this.getNode(parentOf(body.path));
        if (parent !== undefined) parent.pzxid = header.zxid;
      }
      return result;
    }
  }
  assert.ok(converges(() => new Downward(), 1500, true).failed);
});
