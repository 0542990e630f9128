import { assert, suite } from '#test';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody } from '../wire/txn.ts';
import { DataTree } from './data-tree.ts';
import {
  CONTAINER_OWNER,
  type OwnerKind,
  type OwnerLayout,
  ownerKind,
  shownOwner,
  ttlOwner,
} from './owner.ts';
import { statOf } from './znode.ts';

const test = suite('tree: owners of nodes');

const bits = (hex: string) => BigInt.asIntN(64, BigInt(`0x${hex}`));
/** Session ids as a server of this id makes them, an hour and fifty years after the epoch. */
const sessionsOf = (sid: number) =>
  ['36ee8000000001', '0e9cba5f000007'].map(rest =>
    bits(sid.toString(16).padStart(2, '0') + rest.padStart(14, '0')),
  );

test('field report C4: the sessions of every server id from 0 to 255 own their nodes', () => {
  for (let sid = 0; sid <= 255; sid++) {
    for (const session of sessionsOf(sid)) {
      assert.is(ownerKind(session, 'plain'), 'session', `server ${sid}`);
      assert.is(shownOwner(session, 'plain'), session);
      if (sid <= 254)
        assert.is(ownerKind(session, 'extended'), 'session', `server ${sid} with extended types`);
    }
  }
});

const TABLE: readonly (readonly [string, Readonly<Record<OwnerLayout, OwnerKind>>])[] = [
  ['0000000000000000', { plain: 'none', extended: 'none', extended353: 'none' }],
  ['0000000000000001', { plain: 'session', extended: 'session', extended353: 'session' }],
  ['7fffffffffffffff', { plain: 'session', extended: 'session', extended353: 'session' }],
  ['8000000000000000', { plain: 'container', extended: 'container', extended353: 'container' }],
  ['8000000000000001', { plain: 'session', extended: 'session', extended353: 'ttl' }],
  ['80ffffffffffffff', { plain: 'session', extended: 'session', extended353: 'ttl' }],
  ['feffffffffffffff', { plain: 'session', extended: 'session', extended353: 'ttl' }],
  ['ff00000000000000', { plain: 'session', extended: 'ttl', extended353: 'ttl' }],
  ['ff00000000000001', { plain: 'session', extended: 'ttl', extended353: 'ttl' }],
  ['ff0000ffffffffff', { plain: 'session', extended: 'ttl', extended353: 'ttl' }],
  ['ff00010000000000', { plain: 'session', extended: 'session', extended353: 'ttl' }],
  ['ffffffffffffffff', { plain: 'session', extended: 'session', extended353: 'ttl' }],
];

test('an owner is read as EphemeralType reads it, by extendedTypesEnabled and emulate353TTLNodes', () => {
  for (const [hex, kinds] of TABLE) {
    for (const layout of ['plain', 'extended', 'extended353'] as const) {
      const owner = bits(hex);
      assert.is(ownerKind(owner, layout), kinds[layout], `0x${hex}, ${layout}`);
      assert.is(shownOwner(owner, layout), kinds[layout] === 'session' ? owner : 0n, `0x${hex}, ${layout}`);
    }
  }
});

function applyAs(tree: DataTree, session: bigint, zxid: number, body: TxnBody): void {
  const clientHigh = Number(BigInt.asIntN(32, session >> 32n));
  const clientLow = Number(BigInt.asIntN(32, session));
  tree.processTxn({ clientHigh, clientLow, cxid: 1, zxid, time: 7, type: body.type }, body);
}

test('field report C4: an ephemeral of server 255 is listed for its session, and goes with it', () => {
  for (const session of sessionsOf(255)) {
    const tree = new DataTree();
    const create = { data: null, acl: [], parentCVersion: 1, ephemeral: true };
    applyAs(tree, session, 1, { type: OpCode.create, path: '/e', ...create });
    assert.equal([...(tree.ephemeralsOf(session)?.keys() ?? [])], ['/e']);
    assert.is(statOf(tree.getNode('/e')!, 'plain').ephemeralOwner, session);
    assert.is(tree.ttlNodes.size, 0);
    applyAs(tree, session, 2, { type: OpCode.closeSession, paths: null });
    assert.is(tree.getNode('/e'), undefined);
    assert.is(tree.ephemeralsCount, 0);
  }
});

test('an owner is a TTL only with extended types: without them it is a session that nobody has', () => {
  for (const layout of ['plain', 'extended'] as const) {
    const tree = new DataTree(layout);
    const create = { data: null, acl: [], parentCVersion: 1, ttlMs: 5000 };
    applyAs(tree, 1n, 1, { type: OpCode.createTTL, path: '/t', ...create });
    const owner = ttlOwner(5000);
    assert.is(tree.getNode('/t')!.ephemeralOwner, owner);
    assert.equal([...tree.ttlNodes], layout === 'extended' ? ['/t'] : []);
    assert.equal([...(tree.ephemeralsOf(owner)?.keys() ?? [])], layout === 'plain' ? ['/t'] : []);
    assert.is(statOf(tree.getNode('/t')!, layout).ephemeralOwner, layout === 'plain' ? owner : 0n);
  }
});

test('a container is a container with either reading', () => {
  for (const layout of ['plain', 'extended', 'extended353'] as const) {
    const tree = new DataTree(layout);
    applyAs(tree, 1n, 1, {
      type: OpCode.createContainer,
      path: '/c',
      data: null,
      acl: [],
      parentCVersion: 1,
    });
    assert.is(tree.getNode('/c')!.ephemeralOwner, CONTAINER_OWNER);
    assert.equal([...tree.containers], ['/c']);
    assert.is(statOf(tree.getNode('/c')!, layout).ephemeralOwner, 0n);
  }
});
