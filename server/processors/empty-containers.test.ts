/** Tests of the removal of empty containers: from the check of the leader to the trees of all members. */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { DataTree } from '../tree/data-tree.ts';
import { CONTAINER_OWNER } from '../tree/owner.ts';
import { ZNode } from '../tree/znode.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { emptyContainers } from './empty-containers.ts';
import { codeOf, create, PrepRig, remove } from './prep.test-kit.ts';

const test = suite('processors: empty containers');

const CONTAINER = 4;
const CHECK_MS = 500;
const { NONODE, NOTEMPTY, BADARGUMENTS, UNIMPLEMENTED } = ErrorCode;

const container = (path: string) => create(path, { flags: CONTAINER, op: OpCode.createContainer });
const removal = (path: string) => ({ ...remove(path), op: OpCode.deleteContainer });

function parts(tree: DataTree): string[][] {
  const all: string[][] = [];
  const generator = emptyContainers(tree);
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
    const settings = { 'znode.container.checkIntervalMs': CHECK_MS };
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
