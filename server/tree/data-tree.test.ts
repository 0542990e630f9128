import { assert, suite } from '#test';
import { highOf, lowOf } from '../collections/long-map.ts';
import { type Acl, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeStat } from '../wire/stat.ts';
import type { CreateTxn, TxnBody, TxnHeader } from '../wire/txn.ts';
import { CONFIG_PATH, DataTree, QUOTA_PATH } from './data-tree.ts';
import { STAT_BYTES, writeNodeStat } from './node-reply.ts';
import { TreeWalk } from './tree-walk.ts';
import type { TxnResult } from './txn-result.ts';
import { statOf, ZNode } from './znode.ts';

const test = suite('tree: data tree');

const OPEN = [...OPEN_ACL_UNSAFE] as Acl[];
const ALICE_ONLY: Acl[] = [{ perms: 31, id: { scheme: 'digest', id: 'alice:hash' } }];
const SESSION = 0x10000001234n;
/** Deeper than the stack allows. */
const DEPTH = 7500;

function headerOf(zxid: number, type: number, time = zxid, session = SESSION): TxnHeader {
  return { clientHigh: highOf(session), clientLow: lowOf(session), cxid: 1, zxid, time, type };
}

function apply(tree: DataTree, zxid: number, body: TxnBody, session = SESSION): TxnResult {
  return tree.processTxn(headerOf(zxid, body.type, zxid, session), body);
}

function create(path: string, parentCVersion: number, more: Partial<CreateTxn> = {}): CreateTxn {
  return { type: OpCode.create, path, data: null, acl: OPEN, ephemeral: false, parentCVersion, ...more };
}

function deletion(path: string): TxnBody {
  return { type: OpCode.delete, path };
}

test('an empty tree equals upstream’s', () => {
  const tree = new DataTree();
  assert.is(tree.digest.toBigInt(), 0x51c6d660n);
  assert.is(tree.nodeCount, 5);
  assert.is(tree.approximateDataSize, 44);
  assert.is(tree.getNode(CONFIG_PATH)!.acl[0]!.perms, READ_ACL_UNSAFE[0]!.perms);
  assert.is(tree.getNode(CONFIG_PATH)!.aversion, -1);
  assert.ok(tree.getNode(QUOTA_PATH));
  assert.is(tree.getNode('/')!.acl, OPEN_ACL_UNSAFE);
  assert.is(tree.allChildrenNumber('/'), 3);
});

test('the digests of a live Java 3.8 ensemble after a create, a sequential create2 and a TTL node', () => {
  const tree = new DataTree();
  const t = 1795166854459;
  const zxid = 0x100000001;
  const applyAt = (at: number, time: number, body: TxnBody) =>
    tree.processTxn(headerOf(at, body.type, time), body);
  applyAt(zxid, t, create('/a', 1));
  assert.is(tree.digest.toBigInt(), 0x16e3fbee0n);
  applyAt(zxid + 1, t + 26, create('/a/b-0000000000', 1, { type: OpCode.create2, data: Buffer.from('xyz') }));
  assert.is(tree.digest.toBigInt(), 0x1fb1a3554n);
  const common = { path: '/t', data: Buffer.alloc(0), acl: OPEN, parentCVersion: 2 };
  applyAt(zxid + 2, t + 38, { type: OpCode.createTTL, ...common, ttlMs: 60_000 });
  assert.is(tree.digest.toBigInt(), 0x23d21d094n);
  assert.is(BigInt.asUintN(64, tree.getNode('/t')!.ephemeralOwner), 0xff0000000000ea60n);
});

test('every kind of transaction: what it returns, and the tree after it', () => {
  const tree = new DataTree();
  const created = apply(tree, 1, create('/a', 1, { data: Buffer.from('xy') }));
  assert.is(created.node, tree.getNode('/a'));
  assert.equal([created.type, created.err, created.path], [OpCode.create, 0, '/a']);
  assert.is(apply(tree, 2, create('/no/parent', 1)).err, ErrorCode.NONODE);
  assert.is(apply(tree, 3, deletion('/none')).err, ErrorCode.NONODE);
  assert.is(
    apply(tree, 4, { type: OpCode.setData, path: '/none', data: null, version: 1 }).err,
    ErrorCode.NONODE,
  );
  assert.is(
    apply(tree, 5, { type: OpCode.setACL, path: '/none', acl: OPEN, version: 1 }).err,
    ErrorCode.NONODE,
  );
  assert.is(apply(tree, 6, { type: OpCode.error, err: ErrorCode.BADVERSION }).err, ErrorCode.BADVERSION);
  assert.is(apply(tree, 7, { type: OpCode.createSession, timeoutMs: 1 }).err, 0);
  assert.is(apply(tree, 8, { type: OpCode.check, path: '/a', version: 5 }).err, 0);

  const set = apply(tree, 9, { type: OpCode.setData, path: '/a', data: Buffer.from('xyz'), version: 7 });
  assert.equal([set.node!.version, set.node!.mzxid, set.node!.mtime, set.node!.czxid], [7, 9, 9, 1]);
  const acl = apply(tree, 10, { type: OpCode.setACL, path: '/a', acl: ALICE_ONLY, version: 3 });
  assert.equal([acl.node!.aversion, acl.node!.mzxid, acl.node!.acl], [3, 9, ALICE_ONLY]);
  assert.is(tree.approximateDataSize, 44 + 2 + 3);

  assert.is(apply(tree, 11, deletion('/a')).err, 0);
  assert.is(tree.getNode('/a'), undefined);
  assert.equal([tree.getNode('/')!.cversion, tree.getNode('/')!.pzxid], [1, 11]);
  assert.is(tree.approximateDataSize, 44);
  assert.is(tree.lastProcessedZxid, 11);
  assert.is(tree.aclCache.size, 1, 'the ACL of the configuration alone');
});

test('the tree knows containers, TTL nodes and ephemerals by kind', () => {
  const tree = new DataTree('extended');
  const common = { data: null, acl: OPEN };
  apply(tree, 1, { type: OpCode.createContainer, path: '/c', ...common, parentCVersion: 1 });
  apply(tree, 2, { type: OpCode.createTTL, path: '/t', ...common, parentCVersion: 2, ttlMs: 5 });
  apply(tree, 3, create('/e', 3, { ephemeral: true }));
  assert.equal([[...tree.containers], [...tree.ttlNodes]], [['/c'], ['/t']]);
  assert.equal([...tree.ephemeralsOf(SESSION)!.keys()], ['/e']);
  assert.is(tree.getNode('/e')!.ephemeralOwner, SESSION);
  assert.equal(
    ['/c', '/t', '/e'].map(path => statOf(tree.getNode(path)!, 'extended').ephemeralOwner),
    [0n, 0n, SESSION],
  );
  for (const path of ['/c', '/t', '/e']) apply(tree, 4, { type: OpCode.deleteContainer, path });
  assert.equal([tree.containers.size, tree.ttlNodes.size, tree.ephemeralsCount], [0, 0, 0]);
  assert.is(tree.sessionsWithEphemerals.size, 0);
});

test('closeSession deletes what it lists, what the session still owns, and nothing of others', () => {
  const other = 5n;
  for (const paths of [null, ['/e1', '/gone'], ['/e1', '/e2']]) {
    const tree = new DataTree();
    apply(tree, 1, create('/e1', 1, { ephemeral: true }));
    apply(tree, 2, create('/e2', 2, { ephemeral: true }));
    apply(tree, 3, create('/other', 3, { ephemeral: true }), other);
    apply(tree, 4, { type: OpCode.closeSession, paths });
    assert.equal([...tree.getNode('/')!.children!], ['zookeeper', 'other'], JSON.stringify(paths));
    assert.is(tree.getNode('/')!.pzxid, 4);
    assert.is(tree.ephemeralsCount, 1);
  }
});

test('a multi applies all, and each part has the Stat of its moment', () => {
  const tree = new DataTree();
  const result = apply(tree, 0x100000001, {
    type: OpCode.multi,
    txns: [
      create('/m', 1, { type: OpCode.create2 }),
      create('/m/n', 1),
      { type: OpCode.check, path: '/m', version: 0 },
      { type: OpCode.setData, path: '/m', data: Buffer.from('1'), version: 1 },
      deletion('/m/n'),
    ],
  });
  assert.is(result.err, 0);
  const parts = result.results!;
  assert.equal(
    parts.map(part => part.type),
    [OpCode.create2, OpCode.create, OpCode.check, OpCode.setData, OpCode.delete],
  );
  assert.equal([parts[0]!.stat!.numChildren, parts[0]!.stat!.version], [0, 0]);
  assert.equal([parts[3]!.stat!.numChildren, parts[3]!.stat!.version], [1, 1]);
  assert.is(tree.lastProcessedZxid, 0x100000001);
});

test('a multi with a failed part applies nothing, whether its other parts are errors or operations', () => {
  const error = (err: number): TxnBody => ({ type: OpCode.error, err });
  const { BADVERSION, RUNTIMEINCONSISTENCY } = ErrorCode;
  const forms: TxnBody[][] = [
    [error(0), error(BADVERSION), error(RUNTIMEINCONSISTENCY)],
    [create('/m', 1), error(BADVERSION), deletion('/x')],
  ];
  for (const txns of forms) {
    const tree = new DataTree();
    const result = apply(tree, 9, { type: OpCode.multi, txns });
    assert.is(result.err, BADVERSION);
    assert.equal(
      result.results!.map(part => [part.type, part.err]),
      [0, BADVERSION, RUNTIMEINCONSISTENCY].map(code => [OpCode.error, code]),
    );
    assert.is(tree.digest.toBigInt(), 0x51c6d660n);
    assert.is(tree.lastProcessedZxid, 9);
  }
});

test('reconfig writes the configuration node, which the digest does not cover', () => {
  const tree = new DataTree();
  const data = Buffer.from('server.1=...');
  const result = apply(tree, 1, { type: OpCode.reconfig, path: CONFIG_PATH, data, version: -1 });
  assert.equal([result.node!.version, result.node!.mzxid], [-1, 1]);
  assert.is(tree.getNode(CONFIG_PATH)!.data!.toString(), 'server.1=...');
  assert.is(tree.digest.toBigInt(), 0x51c6d660n);
});

test('a parent takes cversion and pzxid of a create only when its cversion grows, also across the wrap', () => {
  const MAX = 0x7fff_ffff;
  const cases: [before: number, txn: number, after: number][] = [
    [0, 1, 1],
    [5, 5, 5],
    [5, 4, 5],
    [5, 9, 9],
    [5, -1, 6],
    [MAX, -MAX - 1, -MAX - 1],
    [-MAX - 1, MAX, -MAX - 1],
    [MAX, -1, -MAX - 1],
  ];
  for (const [before, txn, after] of cases) {
    const tree = new DataTree();
    tree.getNode('/')!.cversion = before;
    apply(tree, 8, create('/a', txn));
    assert.is(tree.getNode('/')!.cversion, after, `${before} then ${txn}`);
    assert.is(tree.getNode('/')!.pzxid, before === after ? 0 : 8, `${before} then ${txn}`);
    apply(tree, 9, create('/a', after));
    assert.is(tree.getNode('/')!.pzxid, before === after ? 0 : 8, 'again: the node is there');
  }
});

test('ZOOKEEPER-3125: a replayed create that finds its node repairs the parent and the ACL, for every kind of create', () => {
  for (const type of [OpCode.create, OpCode.create2] as const) {
    const tree = new DataTree();
    apply(tree, 1, create('/a', 1));
    const again = apply(tree, 7, create('/a', 3, { type, acl: ALICE_ONLY, data: Buffer.from('old') }));
    assert.is(again.err, ErrorCode.NODEEXISTS);
    assert.equal([tree.getNode('/')!.cversion, tree.getNode('/')!.pzxid], [3, 7]);
    assert.equal([tree.getNode('/a')!.acl, tree.getNode('/a')!.data], [ALICE_ONLY, null]);
  }
});

test('ZOOKEEPER-3145: a replayed delete of what is gone still moves pzxid of the parent, upward only', () => {
  const tree = new DataTree();
  assert.is(apply(tree, 5, deletion('/gone')).err, ErrorCode.NONODE);
  assert.is(tree.getNode('/')!.pzxid, 5);
  apply(tree, 3, deletion('/gone'));
  assert.is(tree.getNode('/')!.pzxid, 5);
});

test('a replayed delete removes children that a later node of its path has in the snapshot', () => {
  const tree = new DataTree();
  apply(tree, 6, create('/p', 1));
  apply(tree, 9, create('/p/late', 1, { ephemeral: true }));
  apply(tree, 5, deletion('/p'));
  assert.is(tree.getNode('/p/late'), undefined);
  assert.is(tree.ephemeralsCount, 0);
  apply(tree, 6, create('/p', 1));
  apply(tree, 9, create('/p/late', 1, { ephemeral: true }));
  assert.equal([...tree.getNode('/p')!.children!], ['late']);
});

test('the digest is kept for every 128th zxid, the last 1024 of them', () => {
  const tree = new DataTree();
  for (let zxid = 1; zxid <= 128 * 1026; zxid++) apply(tree, zxid, { type: OpCode.error, err: -1 });
  assert.is(tree.digestLog.length, 1024);
  assert.is(tree.digestLog[0]!.zxid, 128 * 3);
  assert.ok(tree.digestLog[1023]!.digest.equals(tree.digest));
});

test('no digest is kept while the tree still holds a fuzzy snapshot', () => {
  const tree = new DataTree();
  tree.fuzzyUntilZxid = 256;
  for (const zxid of [128, 256, 384]) apply(tree, zxid, { type: OpCode.error, err: -1 });
  assert.equal(
    tree.digestLog.map(entry => entry.zxid),
    [256, 384],
  );
});

test('a loaded node needs its parent; missing built-in nodes are added', () => {
  const tree = new DataTree();
  apply(tree, 1, create('/old', 1, { acl: ALICE_ONLY, ephemeral: true }));
  tree.beginLoad();
  tree.putLoaded('', new ZNode(null, OPEN_ACL_UNSAFE, 0n, 0, 0));
  assert.throws(
    () => tree.putLoaded('/a/b', new ZNode(null, OPEN_ACL_UNSAFE, 0n, 0, 0)),
    /but its parent is not/,
  );
  tree.putLoaded('/e', new ZNode(null, ALICE_ONLY, SESSION, 1, 1));
  tree.endLoad();
  assert.ok(tree.getNode(CONFIG_PATH));
  assert.is(tree.getNode('/old'), undefined);
  assert.equal([...tree.ephemeralsOf(SESSION)!.keys()], ['/e']);
  assert.is(tree.aclCache.size, 2);
});

test('a replayed delete removes all later descendants that the snapshot holds, however deep', () => {
  const tree = new DataTree();
  apply(tree, 1, create('/a', 1));
  const [count, size] = [tree.nodeCount, tree.approximateDataSize];
  let path = '/a';
  for (let depth = 1; depth <= DEPTH; depth++) {
    path += '/b';
    apply(tree, 1 + depth, create(path, 1));
  }
  const walk = new TreeWalk(tree);
  let met = 0;
  while (walk.next() !== null) met++;
  assert.is(met, tree.nodeCount - 1);
  assert.is(tree.allChildrenNumber('/a'), DEPTH);
  apply(tree, DEPTH + 2, deletion('/a'));
  assert.equal([tree.nodeCount, tree.approximateDataSize], [count - 1, size - '/a'.length]);
  const plain = new DataTree();
  apply(plain, 1, create('/a', 1));
  apply(plain, DEPTH + 2, deletion('/a'));
  assert.is(tree.digest.toBigInt(), plain.digest.toBigInt());
});

test('a walk goes depth-first, survives deletions, and never meets a path twice', () => {
  const tree = new DataTree();
  for (const [i, path] of ['/a', '/b', '/c'].entries()) apply(tree, i + 1, create(path, i + 1));
  apply(tree, 4, create('/a/x', 1));
  const walk = new TreeWalk(tree);
  const met: string[] = [];
  for (let step = walk.next(); step !== null; step = walk.next()) {
    met.push(step[0]);
    if (step[0] !== '/a') continue;
    apply(tree, 5, deletion('/b'));
    apply(tree, 6, deletion('/a/x'));
    apply(tree, 7, deletion('/a'));
    apply(tree, 8, create('/a', 4));
    apply(tree, 9, create('/late', 5));
  }
  assert.equal(met, ['', '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '/a', '/c']);
});

test('descendants are counted as upstream counts them', () => {
  const tree = new DataTree();
  apply(tree, 1, create('/a', 1));
  apply(tree, 2, create('/a/b', 1));
  apply(tree, 3, create('/a/b/c', 1));
  apply(tree, 4, create('/ab', 2));
  assert.equal(
    ['/', '/a', '/a/b', '/ab', '/none'].map(path => tree.allChildrenNumber(path)),
    [7, 2, 1, 0, 0],
  );
});

test('the Stat written from a node has the bytes of the Stat record', () => {
  const owners = [0n, SESSION, -(1n << 63n), BigInt.asIntN(64, 0xff00_0000_0000_ea60n), -(2n << 56n)];
  const layouts = ['plain', 'extended'] as const;
  for (const [owner, layout] of owners.flatMap(each => layouts.map(layout => [each, layout] as const))) {
    const node = new ZNode(Buffer.from('abc'), OPEN_ACL_UNSAFE, owner, 0x1f_ffff_0000_0001, 1795166854459);
    node.version = -1;
    node.cversion = 0x7fff_ffff;
    node.pzxid = -1;
    node.children = new Set(['x', 'y']);
    const direct = new JuteWriter(8).writeByte(1);
    writeNodeStat(direct, node, layout);
    const record = new JuteWriter().writeByte(1);
    writeStat(record, statOf(node, layout));
    assert.equal(direct.bytes, record.bytes);
    assert.is(direct.length, 1 + STAT_BYTES);
  }
});
