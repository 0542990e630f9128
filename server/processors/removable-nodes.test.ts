/**
 * Tests of the removal of empty containers and of TTL nodes whose time is over: from the check of the leader
 * to the trees of all members.
 */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { DataTree } from '../tree/data-tree.ts';
import { CONTAINER_OWNER, ttlOwner } from '../tree/owner.ts';
import { ZNode } from '../tree/znode.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { codeOf, create, createTtl, EPOCH_MS, multi, PrepRig, remove, setData } from './prep.test-kit.ts';
import { foundMaxOf, type RemovalRules, removableNodes } from './removable-nodes.ts';

const test = suite('processors: containers and TTL nodes to remove');

const CONTAINER = 4;
const CHECK_MS = 500;
const { NONODE, NODEEXISTS, NOTEMPTY, BADARGUMENTS, UNIMPLEMENTED } = ErrorCode;

const container = (path: string) => create(path, { flags: CONTAINER, op: OpCode.createContainer });
const removal = (path: string) => ({ ...remove(path), op: OpCode.deleteContainer });

const RULES: RemovalRules = { wallMs: EPOCH_MS + 1000, foundMax: 10_000, neverUsedMaxMs: 0 };

function parts(tree: DataTree, rules: Partial<RemovalRules> = {}): string[][] {
  const all: string[][] = [];
  const generator = removableNodes(tree, { ...RULES, ...rules });
  for (;;) {
    const { done, value } = generator.next();
    all.push(value);
    if (done) return all;
  }
}

test('a container is empty when it had children and has none: not a new one, one in use, or another node', () => {
  const rig = new PrepRig();
  for (const path of ['/new', '/used', '/left']) rig.run(container(path));
  for (const path of ['/plain', '/plain/x', '/used/x', '/left/x', '/left/y']) rig.run(create(path));
  rig.run(remove('/plain/x'));
  rig.run(remove('/left/x'));
  assert.equal(parts(rig.tree), [[]]);
  rig.run(remove('/left/y'));
  assert.equal(parts(rig.tree), [['/left']]);
  rig.run(removal('/left'));
  assert.is(rig.tree.getNode('/left'), undefined);
  assert.equal(parts(rig.tree), [[]]);
});

test('field report B1: many containers are looked through in parts, of 10,000 looks or 200 found, 10,000 in all', () => {
  const tree = new DataTree();
  const add = (count: number, cversion: number) => {
    for (let i = 0; i < count; i++) {
      const path = `/${tree.containers.size}`;
      tree.putLoaded(path, new ZNode(null, OPEN_ACL_UNSAFE, CONTAINER_OWNER, 1, 1));
      tree.getNode(path)!.cversion = cversion;
    }
  };
  add(25_000, 0);
  add(300, 1);
  assert.equal(
    parts(tree).map(part => part.length),
    [0, 0, 200, 100],
  );
  add(9800, 1);
  assert.is(parts(tree).flat().length, 10_000);
});

for (const voters of [0, 3]) {
  test(`field report B1: ${voters === 0 ? 'a standalone server' : 'a leader'} removes empty containers some at a time`, () => {
    const settings = {
      'znode.container.checkIntervalMs': CHECK_MS,
      'znode.container.maxPerMinute': 1_000_000,
    };
    const ensemble = new MemoryEnsemble({ voters, settings }).start();
    const client = MemoryClient.open(ensemble);
    const leader = ensemble.server(voters === 0 ? 1 : ensemble.leader).view.leaderServer!;
    const { tree } = leader.parts.database;
    for (let i = 0; i < 450; i++) {
      client.send(OpCode.createContainer, body.create(`/c${i}`, '', CONTAINER));
      client.send(OpCode.create, body.create(`/c${i}/x`));
      client.send(OpCode.delete, body.delete(`/c${i}/x`));
    }
    let most = 0;
    let made = 0;
    while (made < 450 || tree.containers.size > 0) {
      const [before, proposed] = [tree.containers.size, leader.lastProposed];
      assert.ok(ensemble.time.step());
      made += Math.max(0, tree.containers.size - before);
      if (made === 450) most = Math.max(most, leader.lastProposed - proposed);
    }
    assert.ok(most <= 200, `${most} transactions in one turn`);
  });
}

test('a container that never had a child goes after znode.container.maxNeverUsedIntervalMs, never by default', () => {
  const rig = new PrepRig();
  rig.run(container('/new'));
  const { mtime } = rig.tree.getNode('/new')!;
  assert.equal(parts(rig.tree, { wallMs: mtime + 10 ** 12 }), [[]]);
  assert.equal(parts(rig.tree, { neverUsedMaxMs: 300, wallMs: mtime + 300 }), [[]]);
  assert.equal(parts(rig.tree, { neverUsedMaxMs: 300, wallMs: mtime + 301 }), [['/new']]);
});

test('znode.container.maxPerMinute: one check finds its share of a minute, at least one node', () => {
  assert.is(foundMaxOf(10_000, 60_000), 10_000);
  assert.is(foundMaxOf(10_000, 500), 83);
  assert.is(foundMaxOf(1, 1), 1);
  const rig = new PrepRig();
  for (const path of ['/a', '/b', '/c'])
    for (const op of [container(path), create(`${path}/x`), remove(`${path}/x`)]) rig.run(op);
  assert.equal(parts(rig.tree, { foundMax: 2 }), [['/a', '/b']]);
});

test('a TTL node goes when it was not written for longer than its TTL: children and writes keep it', () => {
  const rig = new PrepRig({}, 'extended');
  rig.run(createTtl('/t', 500));
  rig.run(createTtl('/later', 501));
  rig.run(createTtl('/parent', 500));
  rig.run(create('/parent/x'));
  const { mtime } = rig.tree.getNode('/t')!;
  assert.equal(parts(rig.tree, { wallMs: mtime + 500 }), [[]]);
  assert.equal(parts(rig.tree, { wallMs: mtime + 501 }), [['/t']]);
  rig.run(setData('/t', 'renewed'));
  assert.equal(parts(rig.tree, { wallMs: mtime + 501 }), [[]]);
  rig.run(remove('/parent/x'));
  assert.equal(parts(rig.tree, { wallMs: mtime + 10 ** 9 }), [['/t', '/later', '/parent']]);
});

test('TTL nodes of 3.5.3 go by their own times: 0 means none, and more than 40 bits are not cut', () => {
  const tree = new DataTree('extended353');
  const sign = -(1n << 63n);
  for (const [path, ttlMs] of [
    ['/none', 0n],
    ['/short', 5n],
    ['/long', (1n << 40n) + 5n],
  ] as const)
    if (ttlMs > 0n) tree.putLoaded(path, new ZNode(null, OPEN_ACL_UNSAFE, sign | ttlMs, 1, EPOCH_MS));
    else tree.putLoaded(path, new ZNode(null, OPEN_ACL_UNSAFE, -(1n << 56n), 1, EPOCH_MS));
  assert.equal(parts(tree, { wallMs: EPOCH_MS + 6 }), [['/short']]);
});

test('createTTL makes the node, with a suffix when asked for, alone and in a multi', () => {
  const rig = new PrepRig({}, 'extended');
  rig.run(create('/p'));
  assert.is(codeOf(rig.run(createTtl('/p/a', 1000))), 0);
  assert.is(codeOf(rig.run(createTtl('/p/s-', 2 ** 40 - 1, 6))), 0);
  rig.run(multi([create('/q'), createTtl('/p/m', 5)]));
  const owner = (path: string) => rig.tree.getNode(path)?.ephemeralOwner;
  assert.is(owner('/p/a'), ttlOwner(1000));
  assert.is(owner('/p/s-0000000001'), ttlOwner(2 ** 40 - 1));
  assert.is(owner('/p/m'), ttlOwner(5));
  assert.is(codeOf(rig.run(createTtl('/p/a', 1000))), NODEEXISTS);
  assert.is(codeOf(rig.run(createTtl('/p/z', 0))), BADARGUMENTS);
  assert.is(codeOf(rig.run(create('/p/a/child'))), 0, 'unlike an ephemeral, it has children');
});

test('the removal of a TTL node is refused when it was written, or got a child, since the leader looked', () => {
  const rig = new PrepRig({}, 'extended');
  rig.run(createTtl('/t', 1));
  for (let n = 0; n < 3; n++) rig.run(create(`/tick${n}`));
  assert.equal(parts(rig.tree), [['/t']]);
  rig.prepare(setData('/t', 'renewed'));
  assert.is(codeOf(rig.prepare(removal('/t'))), ErrorCode.BADVERSION);
  rig.prepare(create('/t/child'));
  assert.is(codeOf(rig.prepare(removal('/t'))), NOTEMPTY);
});

test('the removal is refused when a child was created since, and for a node that is no container', () => {
  const rig = new PrepRig();
  rig.run(container('/c'));
  rig.run(create('/plain'));
  rig.prepare(create('/c/late'));
  assert.is(codeOf(rig.prepare(removal('/c'))), NOTEMPTY);
  assert.is(codeOf(rig.prepare(removal('/plain'))), BADARGUMENTS);
  assert.is(codeOf(rig.prepare(removal('/none'))), NONODE);
});

for (const voters of [0, 3]) {
  test(`a container goes from ${voters === 0 ? 'a standalone server' : 'all members'}, its watchers are told; no client may remove one`, () => {
    const settings = { 'znode.container.checkIntervalMs': CHECK_MS };
    const ensemble = new MemoryEnsemble({ voters, settings }).start();
    const client = MemoryClient.open(ensemble, ensemble.sids.at(-1));
    client.ask(OpCode.createContainer, body.create('/c', '', CONTAINER));
    client.create('/c/x');
    client.ask(OpCode.exists, body.read('/c', true));
    ensemble.time.advance(3 * CHECK_MS);
    assert.is(client.get('/c'), '');
    client.ask(OpCode.delete, body.delete('/c/x'));
    ensemble.time.advance(3 * CHECK_MS);
    assert.is(client.get('/c'), NONODE);
    assert.is(client.replies.filter(reply => reply.xid === -1).length, 1);
    for (const sid of ensemble.sids) assert.is(MemoryClient.open(ensemble, sid).get('/c'), NONODE);

    client.ask(OpCode.createContainer, body.create('/d', '', CONTAINER));
    assert.is(client.ask(OpCode.deleteContainer, body.path('/d')).err, UNIMPLEMENTED);
    assert.is(MemoryClient.open(ensemble).get('/d'), '');
  });
}

for (const voters of [0, 3]) {
  test(`a TTL node goes from ${voters === 0 ? 'a standalone server' : 'all members'} when its time is over, unless a write renews it`, () => {
    const settings = { 'znode.container.checkIntervalMs': CHECK_MS, extendedTypesEnabled: 'true' };
    const ensemble = new MemoryEnsemble({ voters, settings }).start();
    const client = MemoryClient.open(ensemble, ensemble.sids.at(-1));
    const ttl = createTtl('/t', 4 * CHECK_MS);
    assert.is(client.ask(ttl.op, ttl.write).err, 0);
    client.ask(OpCode.exists, body.read('/t', true));
    ensemble.time.advance(3 * CHECK_MS);
    client.ask(OpCode.setData, body.setData('/t', 'renewed'));
    ensemble.time.advance(3 * CHECK_MS);
    assert.is(client.get('/t'), 'renewed');
    ensemble.time.advance(3 * CHECK_MS);
    for (const sid of ensemble.sids) assert.is(MemoryClient.open(ensemble, sid).get('/t'), NONODE);
    assert.is(client.replies.filter(reply => reply.xid === -1).length, 1, 'its watcher is told once');
  });
}
