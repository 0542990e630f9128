import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody } from '../wire/txn.ts';
import { DataTree } from './data-tree.ts';
import type { DescendantCount } from './descendant-count.ts';

const test = suite('tree: how many nodes are below a path');

class Story {
  readonly tree = new DataTree();
  #zxid = 0;

  apply(body: TxnBody): void {
    const zxid = ++this.#zxid;
    this.tree.processTxn({ clientHigh: 0, clientLow: 1, cxid: 0, zxid, time: 1, type: body.type }, body);
  }

  create(path: string): void {
    const common = { data: null, acl: [...OPEN_ACL_UNSAFE], ephemeral: false, parentCVersion: -1 };
    this.apply({ type: OpCode.create, path, ...common });
  }

  delete(path: string): void {
    this.apply({ type: OpCode.delete, path });
  }
}

function finish(count: DescendantCount): number {
  while (!count.step(1));
  return count.count;
}

test('a count in parts equals that of a walk, whatever the parts', () => {
  const story = new Story();
  for (const path of ['/a', '/a/b', '/a/b/c', '/ab', '/ab/x', '/a/d', '/b', '/b/a', '/b/a/b'])
    story.create(path);
  for (const path of ['/a', '/a/b', '/ab', '/b', '/a/d', '/zookeeper']) {
    for (const part of [1, 2, 3, 1000]) {
      const count = story.tree.descendantCounts.use(path);
      while (!count.step(part));
      assert.is(count.count, story.tree.allChildrenNumber(path), `${path} by ${part}`);
      story.tree.descendantCounts.release(count);
    }
  }
});

test('a small subtree is counted at once, a larger one is not', () => {
  const story = new Story();
  story.create('/a');
  for (let i = 0; i < 5; i++) story.create(`/a/${i}`);
  for (let i = 0; i < 5; i++) story.create(`/a/0/${i}`);
  assert.equal([story.tree.allChildrenNumber('/a', 10), story.tree.allChildrenNumber('/a', 9)], [10, null]);
  assert.is(story.tree.allChildrenNumber('/', 0), 11 + 3, 'the root is known');
});

const NAMES = ['a', 'b', 'ab', 'c'];
const pathOf = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 })
  .map(names => `/${names.join('/')}`);
const change = fc.record({ path: pathOf, isCreate: fc.boolean(), steps: fc.nat(3) });

test('property: the count equals that of the tree, while the tree changes between the parts and after', () => {
  const above = fc.constantFrom('/a', '/b', '/a/b', '/ab', '/a/a/a');
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 60 }),
      fc.array(change, { maxLength: 60 }),
      above,
      (before, meanwhile, path) => {
        const story = new Story();
        const { tree } = story;
        const make = ({ path: at, isCreate }: { path: string; isCreate: boolean }) => {
          const node = tree.getNode(at);
          if (isCreate) story.create(at);
          else if (node !== undefined && (node.children?.size ?? 0) === 0) story.delete(at);
        };
        for (const each of before) make(each);
        const count = tree.descendantCounts.use(path);
        const other = tree.descendantCounts.use('/c');
        for (const each of meanwhile) {
          count.step(each.steps);
          other.step(1);
          make(each);
          if (count.isDone) assert.is(count.count, tree.allChildrenNumber(path));
        }
        assert.is(finish(count), tree.allChildrenNumber(path));
        assert.is(finish(other), tree.allChildrenNumber('/c'));
        for (const each of before) make(each);
        assert.is(count.count, tree.allChildrenNumber(path), 'it is kept up');
      },
    ),
    { numRuns: 500 },
  );
});

test('requests for the same count share it; few unused counts are kept, and none that was given up', () => {
  const story = new Story();
  const { descendantCounts } = story.tree;
  story.create('/a');
  const one = descendantCounts.use('/a');
  assert.is(descendantCounts.use('/a'), one);
  descendantCounts.release(one);
  descendantCounts.release(one);
  assert.is(descendantCounts.size, 0, 'it was not done');
  for (let i = 0; i < 50; i++) {
    const count = descendantCounts.use(`/n${i}`);
    finish(count);
    descendantCounts.release(count);
    assert.ok(descendantCounts.size <= 8);
  }
  assert.ok(descendantCounts.use('/n49').isDone);
  assert.not(descendantCounts.use('/n0').isDone);
});
