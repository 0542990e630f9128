import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { highOf, lowOf } from '../collections/long-map.ts';
import { type Acl, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { parentOf } from '../wire/path.ts';
import type { MultiTxn, TxnBody, TxnHeader } from '../wire/txn.ts';
import { DataTree } from './data-tree.ts';
import { NaiveTree, naiveViewOf } from './naive-tree.test-kit.ts';
import { TreeWalk } from './tree-walk.ts';
import type { TxnResult } from './txn-result.ts';
import { ZNode } from './znode.ts';

/**
 * Tests of fuzzy snapshots: a walk over a tree that changes meanwhile is loaded, and the log from the walk's
 * start on is applied. The result must equal the tree that applied everything once. @see ZOOKEEPER-3125;
 * ZOOKEEPER-3127; ZOOKEEPER-3144; ZOOKEEPER-3145
 */
const test = suite('tree: replay onto fuzzy snapshots');

type Txn = [header: TxnHeader, body: TxnBody];

/** Sessions of servers 0 and 254: ids are signed, and 255 would be the mark of a TTL node. */
const SESSIONS = [0x100000001n, BigInt.asIntN(64, 0xfe00_0000_0000_0001n)];

/** A random client's request; names are few so that nodes are deleted and made again. */
interface Wish {
  kind: 'create' | 'ephemeral' | 'container' | 'ttl' | 'delete' | 'setData' | 'setAcl' | 'close' | 'multi';
  path: string;
  session: bigint;
  data: Buffer | null;
  acl: Acl[];
  parts: Wish[];
}

const wish = (kinds: readonly Wish['kind'][], parts: fc.Arbitrary<Wish[]>): fc.Arbitrary<Wish> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    path: fc
      .array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 })
      .map(names => `/${names.join('/')}`),
    session: fc.constantFrom(...SESSIONS),
    data: fc.option(fc.uint8Array({ maxLength: 3 }).map(bytes => Buffer.from(bytes))),
    acl: fc.constantFrom([...OPEN_ACL_UNSAFE], [{ perms: 1, id: { scheme: 'digest', id: 'u:p' } }]),
    parts,
  });

const PLAIN = [
  'create',
  'create',
  'create',
  'ephemeral',
  'container',
  'ttl',
  'delete',
  'delete',
  'setData',
  'setAcl',
] as const;
const part = wish(PLAIN, fc.constant([]));
const anyWish = wish([...PLAIN, 'close', 'multi'], fc.array(part, { minLength: 1, maxLength: 3 }));

/** The leader's part: the transaction a wish becomes, or an error. */
function prepare(tree: NaiveTree, header: TxnHeader, asked: Wish): TxnBody {
  const { kind, path, data, acl } = asked;
  const parent = tree.nodes.get(parentOf(path) === '/' ? '' : parentOf(path));
  const node = tree.nodes.get(path);
  const error: TxnBody = { type: OpCode.error, err: ErrorCode.NONODE };
  if (kind === 'multi') return prepareMulti(tree, header, asked.parts);
  if (kind === 'close') {
    const owned = [...tree.nodes].filter(([, at]) => at.owner === asked.session).map(([at]) => at);
    return { type: OpCode.closeSession, paths: owned };
  }
  if (kind === 'delete') {
    return node === undefined || tree.childrenOf(path).length > 0 ? error : { type: OpCode.delete, path };
  }
  if (kind === 'setData') {
    return node === undefined ? error : { type: OpCode.setData, path, data, version: node.version + 1 };
  }
  if (kind === 'setAcl') {
    return node === undefined ? error : { type: OpCode.setACL, path, acl, version: node.aversion + 1 };
  }
  const ownedBySession = parent !== undefined && SESSIONS.includes(parent.owner);
  if (parent === undefined || node !== undefined || ownedBySession) return error;
  const common = { path, data, acl, parentCVersion: parent.cversion + 1 };
  if (kind === 'container') return { type: OpCode.createContainer, ...common };
  if (kind === 'ttl') return { type: OpCode.createTTL, ...common, ttlMs: 1000 };
  return {
    type: header.zxid % 2 ? OpCode.create : OpCode.create2,
    ...common,
    ephemeral: kind === 'ephemeral',
  };
}

function prepareMulti(tree: NaiveTree, header: TxnHeader, parts: readonly Wish[]): MultiTxn {
  const pending = new NaiveTree(tree.nodes);
  const txns: TxnBody[] = [];
  for (const asked of parts) {
    const txn = prepare(pending, header, asked);
    pending.apply(header, txn);
    txns.push(txn);
  }
  return { type: OpCode.multi, txns };
}

function historyOf(wishes: readonly Wish[]): { txns: Txn[]; twin: NaiveTree } {
  const twin = new NaiveTree();
  const txns = wishes.map((asked, i): Txn => {
    const { session } = asked;
    const header = {
      clientHigh: highOf(session),
      clientLow: lowOf(session),
      cxid: i,
      zxid: i + 1,
      time: 7 * i,
      type: 0,
    };
    const body = prepare(twin, header, asked);
    header.type = body.type;
    twin.apply(header, body);
    return [header, body];
  });
  return { txns, twin };
}

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
