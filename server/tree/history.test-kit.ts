/**
 * Random histories of transactions as a leader makes them, for tests of replay and snapshots.
 */
import { fc } from '#test/properties';
import { highOf, lowOf } from '../collections/long-map.ts';
import { type Acl, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { parentOf } from '../wire/path.ts';
import type { MultiTxn, TxnBody, TxnHeader } from '../wire/txn.ts';
import { NaiveTree } from './naive-tree.test-kit.ts';

/** A transaction, as the tree takes it. */
export type Txn = [header: TxnHeader, body: TxnBody];

/** Sessions of servers 0 and 254, because ids are signed. An id of server 255 would look like a TTL node. */
export const SESSIONS = [0x100000001n, BigInt.asIntN(64, 0xfe00_0000_0000_0001n)];

/** There are few lists, but enough of them that each comes into use and out of use again. */
const ACLS: readonly Acl[][] = [
  [...OPEN_ACL_UNSAFE],
  ...['u:p', 'v:p', 'w:p'].map(id => [{ perms: Perms.READ, id: { scheme: 'digest', id } }]),
];

/** A random request of a client. It draws from few names, so that nodes are deleted and created again. */
export interface Wish {
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
    acl: fc.constantFrom(...ACLS),
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
export const anyWish = wish([...PLAIN, 'close', 'multi'], fc.array(part, { minLength: 1, maxLength: 3 }));

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

/** The transactions that a leader makes of `wishes`, and the tree that follows from them. */
export function historyOf(wishes: readonly Wish[]): { txns: Txn[]; twin: NaiveTree } {
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
