import { assert, suite } from '#test';
import { type Acl, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '../wire/acl.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody, TxnHeader } from '../wire/txn.ts';
import { CONFIG_PATH, DataTree, QUOTA_PATH } from './data-tree.ts';

const test = suite('tree: data tree');

const OPEN = [...OPEN_ACL_UNSAFE] as Acl[];

function headerOf(zxid: number, time: number, type: number, session = 0x10000001234n): TxnHeader {
  const clientHigh = Number(BigInt.asIntN(32, session >> 32n));
  return { clientHigh, clientLow: Number(BigInt.asIntN(32, session)), cxid: 1, zxid, time, type };
}

function apply(tree: DataTree, zxid: number, body: TxnBody, time = zxid) {
  return tree.processTxn(headerOf(zxid, time, body.type), body);
}

test('an empty tree is that of upstream', () => {
  const tree = new DataTree();
  assert.is(tree.digest.toBigInt(), 0x51c6d660n);
  assert.is(tree.nodeCount, 5);
  assert.is(tree.approximateDataSize, 44);
  assert.is(tree.getNode(CONFIG_PATH)!.acl[0]!.perms, READ_ACL_UNSAFE[0]!.perms);
  assert.ok(tree.getNode(QUOTA_PATH));
  assert.is(tree.getNode('/')!.acl, OPEN_ACL_UNSAFE);
});

test('the digests of a live Java 3.8 ensemble after a create, a sequential create2 and a TTL node', () => {
  const tree = new DataTree();
  const t = 1795166854459;
  const zxid = 0x100000001;
  apply(
    tree,
    zxid,
    { type: OpCode.create, path: '/a', data: null, acl: OPEN, ephemeral: false, parentCVersion: 1 },
    t,
  );
  assert.is(tree.digest.toBigInt(), 0x16e3fbee0n);
  const data = Buffer.from('xyz');
  apply(
    tree,
    zxid + 1,
    {
      type: OpCode.create2,
      path: '/a/b-0000000000',
      data,
      acl: OPEN,
      ephemeral: false,
      parentCVersion: 1,
    },
    t + 26,
  );
  assert.is(tree.digest.toBigInt(), 0x1fb1a3554n);
  apply(
    tree,
    zxid + 2,
    {
      type: OpCode.createTTL,
      path: '/t',
      data: Buffer.alloc(0),
      acl: OPEN,
      parentCVersion: 2,
      ttlMs: 60_000,
    },
    t + 38,
  );
  assert.is(tree.digest.toBigInt(), 0x23d21d094n);
});
