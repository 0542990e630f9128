/** The end of a session is one transaction, and leaves what the deletion of each of its nodes would leave. */
import { assert, suite } from '#test';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody } from '../wire/txn.ts';
import { DataTree } from './data-tree.ts';
import type { Watcher } from './watcher.ts';
import { statOf } from './znode.ts';

const test = suite('tree: the end of a session');

const MINE = 7;
const OTHER = 8;
const CLOSED_AT = 1_000_000;

function apply(tree: DataTree, zxid: number, body: TxnBody, session = MINE): void {
  tree.processTxn({ clientHigh: 0, clientLow: session, cxid: 1, zxid, time: zxid, type: body.type }, body);
}

/** Makes nodes of two sessions below some parents, in a random order that is the same in each run. */
function treeOf(seed: number, nodes: number, shareOfOthers: number): DataTree {
  const random = new SeededRandom(`close ${seed}`);
  const tree = new DataTree();
  let zxid = 1;
  const create = (path: string, session: number | null, parentCVersion: number) => {
    const common = { path, data: Buffer.from(path), acl: OPEN_ACL_UNSAFE, parentCVersion };
    apply(tree, zxid++, { type: OpCode.create, ephemeral: session !== null, ...common }, session ?? 0);
  };
  for (let parent = 0; parent < 4; parent++) create(`/p${parent}`, null, parent + 1);
  for (let n = 0; n < nodes; n++) {
    const session = random.float() < shareOfOthers ? OTHER : MINE;
    const parent = `/p${random.below(4)}`;
    create(random.below(8) === 0 ? `/top-${n}` : `${parent}/name-${n}`, session, 100 + n);
  }
  return tree;
}

function shownOf(tree: DataTree): unknown {
  const paths = ['/', ...[0, 1, 2, 3].map(parent => `/p${parent}`)];
  return [
    paths.map(path => {
      const node = tree.getNode(path)!;
      return [path, statOf(node, tree.ownerLayout), [...(node.children ?? [])]];
    }),
    [tree.nodeCount, tree.approximateDataSize, tree.ephemeralsCount, tree.digest.toBigInt()],
    [...tree.sessionsWithEphemerals].map(([owner, nodes]) => [owner, [...nodes.keys()]]),
  ];
}

const LISTS: Record<string, (own: string[], random: SeededRandom) => string[] | null> = {
  'in the order of the tree': own => own,
  'in another order': (own, random) => [...own].sort(() => random.float() - 0.5),
  'some of them': (own, random) => own.filter(() => random.float() < 0.5),
  'and some that are gone': own => [...own.flatMap(path => [path, `${path}-gone`]), '/gone/below'],
  'not listed': () => null,
};

for (const [name, listOf] of Object.entries(LISTS)) {
  test(`the transaction deletes all nodes of the session and no other, whatever else their parents have: ${name}`, () => {
    for (const nodes of [0, 1, 2, 30, 400]) {
      for (const shareOfOthers of [0, 0.1, 0.5, 0.9]) {
        const seed = nodes * 10 + shareOfOthers;
        const tree = treeOf(seed, nodes, shareOfOthers);
        const twin = treeOf(seed, nodes, shareOfOthers);
        const own = [...(tree.ephemeralsOf(BigInt(MINE))?.keys() ?? [])];
        const paths = listOf(own, new SeededRandom('lists'));
        apply(tree, CLOSED_AT, { type: OpCode.closeSession, paths });
        for (const path of own) apply(twin, CLOSED_AT, { type: OpCode.delete, path });
        assert.equal(shownOf(tree), shownOf(twin), `${nodes} nodes, ${shareOfOthers} of another session`);
      }
    }
  });
}

test('its watches fire as for each deletion, in the order of the list', () => {
  const told: string[][] = [];
  for (const deletes of [false, true]) {
    const tree = treeOf(5, 60, 0.3);
    const heard: string[] = [];
    const watcher: Watcher = {
      watchBytes: 0,
      process: (type, path) => void heard.push(`${type} ${path}`),
    };
    const own = [...tree.ephemeralsOf(BigInt(MINE))!.keys()];
    for (const path of own.slice(0, 20)) tree.dataWatches.add(path, watcher);
    for (let parent = 0; parent < 4; parent++) tree.childWatches.add(`/p${parent}`, watcher);
    if (deletes) for (const path of own) apply(tree, CLOSED_AT, { type: OpCode.delete, path });
    else apply(tree, CLOSED_AT, { type: OpCode.closeSession, paths: own });
    told.push(heard);
  }
  assert.ok(told[0]!.length > 20);
  assert.equal(told[0], told[1]);
});
