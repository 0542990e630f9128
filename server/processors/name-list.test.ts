import { assert, suite } from '#test';
import { anyCharacter, fc } from '#test/properties';
import { ZNode } from '../tree/znode.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { JuteWriter } from '../wire/jute.ts';
import { NameList, NamesCache } from './name-list.ts';

const test = suite('processors: lists of names');

test('property: a list made in steps has the bytes of the vector with the wanted names', () => {
  const names = fc.array(fc.string({ unit: anyCharacter, maxLength: 60 }), { maxLength: 50 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 60 }), fc.boolean(), (all, part, some) => {
      const isWanted = some ? (name: string) => name.length % 2 === 0 : null;
      const wanted = isWanted === null ? all : all.filter(isWanted);
      const vector = new JuteWriter().writeVector(wanted, (w, name) => void w.writeString(name)).toBuffer();
      const list = new NameList(all, isWanted);
      while (!list.step(part));
      assert.ok(Buffer.concat(list.pieces).equals(vector));
      assert.is(list.bytes, vector.length);
    }),
  );
});

test('many names come in pieces of some hundred KiB', () => {
  const list = new NameList(Array.from({ length: 100_000 }, (_, i) => `a-name-of-some-length-${i}`));
  list.step(Number.POSITIVE_INFINITY);
  assert.ok(list.pieces.length > 5 && list.pieces.every(piece => piece.length < 300 * 1024));
});

function nodeWith(pzxid: number, ...children: readonly string[]): ZNode {
  const node = new ZNode(null, OPEN_ACL_UNSAFE, 0n, pzxid, 0);
  node.children = new Set(children);
  return node;
}

function listOf(node: ZNode): NameList {
  const list = new NameList(node.children ?? []);
  list.step(Number.POSITIVE_INFINITY);
  return list;
}

test('a kept list serves while the children are the same, not when others are as many', () => {
  const cache = new NamesCache();
  const node = nodeWith(1, 'a', 'b');
  assert.is(cache.get(node), null);
  const list = listOf(node);
  cache.put(node, 1, 2, list);
  assert.is(cache.get(node), list.pieces);
  node.children!.delete('a');
  node.children!.add('c');
  node.pzxid = 2;
  assert.is(cache.get(node), null);
  assert.is(cache.bytes, 0, 'it is not kept any more');
  cache.put(node, 1, 2, list);
  assert.is(cache.get(node), null, 'begun before the change');
});

test('kept lists are bounded in bytes, and the least recently used goes first', () => {
  const nodes = ['aaaa', 'bbbb', 'cccc', 'dddd'].map(name => nodeWith(1, name));
  const each = listOf(nodes[0]!).bytes;
  const cache = new NamesCache(3 * each);
  for (const node of nodes.slice(0, 3)) cache.put(node, 1, 1, listOf(node));
  assert.is(cache.bytes, 3 * each);
  cache.get(nodes[0]!);
  cache.put(nodes[3]!, 1, 1, listOf(nodes[3]!));
  assert.equal(
    nodes.map(node => cache.get(node) !== null),
    [true, false, true, true],
  );
  const large = nodeWith(1, 'x'.repeat(3 * each));
  cache.put(large, 1, 1, listOf(large));
  assert.is(cache.get(large), null, 'one list does not push out all others');
  cache.put(nodes[3]!, 1, 1, listOf(nodes[3]!));
  assert.is(cache.bytes, 3 * each, 'kept again, it counts once');
});
