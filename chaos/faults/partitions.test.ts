/** Who reaches whom under each shape of a partition, for many seeds. */
import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { MemberNow } from '../mesh/target.ts';
import { BRIDGE } from './bridge.ts';
import { HALVES } from './halves.ts';
import { ISOLATE_LEADER } from './isolate-leader.ts';
import type { PartitionShape } from './parts/partition.ts';
import { RING } from './ring.ts';

const test = suite('faults: shapes of partitions');

function ensemble(voters: number, observers = 0): MemberNow[] {
  return [
    ...Array.from({ length: voters }, (_, at) => ({
      name: `v${at + 1}`,
      role: at === 0 ? 'leader' : 'follower',
      isVoter: true,
    })),
    ...Array.from({ length: observers }, (_, at) => ({
      name: `o${at + 1}`,
      role: 'observer',
      isVoter: false,
    })),
  ];
}

/** By member: whom it still reaches. */
function reached(shape: PartitionShape, members: readonly MemberNow[], seed: number): Map<string, string[]> {
  const divided = shape.divide(members, new SeededRandom(seed));
  const names = members.map(({ name }) => name);
  for (const a of names) for (const b of names) assert.is(divided(a, b), divided(b, a), `${a} ${b}`);
  return new Map(names.map(a => [a, names.filter(b => b !== a && !divided(a, b))]));
}

const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

test('halves: every member reaches its own half and nobody else, and the seed decides who is where', () => {
  const sides = new Set<string>();
  for (const seed of SEEDS) {
    const reach = reached(HALVES, ensemble(3, 2), seed);
    assert.equal([...reach.values()].map(({ length }) => length).sort(), [1, 1, 2, 2, 2]);
    sides.add(['v1', ...reach.get('v1')!].sort().join());
  }
  assert.ok(sides.size > 5, [...sides].join(' '));
});

test('bridge: one voter reaches all, and nobody else reaches the other side', () => {
  for (const seed of SEEDS) {
    const reach = reached(BRIDGE, ensemble(5, 1), seed);
    const bridges = [...reach].filter(([, names]) => names.length === 5);
    assert.is(bridges.length, 1);
    assert.match(bridges[0]![0], /^v/);
    assert.equal([...reach.values()].map(({ length }) => length).sort(), [2, 2, 3, 3, 3, 5]);
  }
});

test('ring: each voter reaches a majority, no two the same one, and observers reach everybody', () => {
  for (const voters of [4, 5, 6, 7, 8, 9])
    for (const seed of SEEDS) {
      const reach = reached(RING, ensemble(voters, 1), seed);
      assert.is(reach.get('o1')!.length, voters);
      const majorities = ensemble(voters).map(({ name }) => {
        const ofVoters = [name, ...reach.get(name)!.filter(other => other !== 'o1')];
        assert.ok(ofVoters.length > voters / 2, `${name} of ${voters} reaches ${ofVoters}`);
        assert.ok(ofVoters.length < voters, `${name} of ${voters} reaches all`);
        return ofVoters.sort().join();
      });
      assert.is(new Set(majorities).size, voters, majorities.join(' '));
    }
});

test('the leader is isolated from all others, which reach each other', () => {
  const reach = reached(ISOLATE_LEADER, ensemble(3, 1), 1);
  assert.equal(
    [...reach.values()].map(({ length }) => length),
    [0, 2, 2, 2],
  );
  const headless = ensemble(3).slice(1);
  assert.throws(() => ISOLATE_LEADER.divide(headless, new SeededRandom(1)), 'there are 0 leaders');
});
