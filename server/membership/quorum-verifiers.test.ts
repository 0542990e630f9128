import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { QuorumHierarchical } from './quorum-hierarchical.ts';
import { QuorumMaj } from './quorum-maj.ts';

const test = suite('quorum: verifiers');

const majority = (voters: number[], observers: number[] = []) =>
  new QuorumMaj({ version: 0, text: '', voters, observers });

function hierarchical(groups: Record<number, number[]>, weights: Record<number, number> = {}) {
  const entries = Object.entries(groups).map(([group, sids]): [number, number[]] => [Number(group), sids]);
  return new QuorumHierarchical({
    version: 0,
    text: '',
    voters: entries.flatMap(([, sids]) => sids),
    observers: [9],
    groups: new Map(entries),
    weights: new Map(Object.entries(weights).map(([sid, weight]) => [Number(sid), weight])),
  });
}

const has = (verifier: QuorumMaj | QuorumHierarchical, ...sids: number[]) =>
  verifier.containsQuorum(new Set(sids));

test('a majority is more than half of the voters', () => {
  assert.not(has(majority([1, 2, 3]), 1));
  assert.ok(has(majority([1, 2, 3]), 1, 3));
  assert.not(has(majority([1, 2, 3, 4]), 1, 2));
  assert.ok(has(majority([1, 2, 3, 4]), 1, 2, 4));
  assert.ok(has(majority([1]), 1));
  assert.not(has(majority([]), 1), 'nobody decides where nobody votes');
});

test('004-23: an oracle may decide for two voters of equal weight, and for nobody else', () => {
  const pairs = [majority([1]), majority([1, 2]), majority([1, 2], [3]), majority([1, 2, 3])];
  assert.equal(
    pairs.map(({ isPair }) => isPair),
    [false, true, true, false],
  );
  assert.not(hierarchical({ 1: [1], 2: [2] }).isPair);
});

test('000-4, ZOOKEEPER-769, 764, 2959: observers and strangers count for nothing', () => {
  const verifier = majority([1, 2, 3], [4, 5]);
  assert.not(has(verifier, 1, 4, 5));
  assert.not(has(verifier, 77, 78, 79));
  assert.equal([verifier.weightOf(1), verifier.weightOf(4), verifier.weightOf(77)], [1, 0, 0]);
  assert.not(verifier.isVoter(4));
});

test('hierarchical: most of the weight in most of the groups', () => {
  const verifier = hierarchical({ 1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8] });
  assert.ok(has(verifier, 1, 2, 4, 5));
  assert.not(has(verifier, 1, 2, 3), 'one group of three');
  assert.not(has(verifier, 1, 2, 4, 7), 'one of two is not most');
  assert.ok(has(verifier, 1, 2, 7, 8));
});

test('hierarchical: weights, and groups of weight 0', () => {
  const weighted = hierarchical({ 1: [1, 2, 3] }, { 1: 3 });
  assert.ok(has(weighted, 1));
  assert.not(has(weighted, 2, 3));
  const silent = hierarchical({ 1: [1, 2, 3], 2: [4, 5] }, { 4: 0, 5: 0 });
  assert.ok(has(silent, 1, 2), 'a group without weight is not counted');
  assert.not(has(silent, 1, 4, 5));
});

test('hierarchical: an unknown id weighs 0, where upstream throws', () => {
  assert.is(hierarchical({ 1: [1, 2] }).weightOf(9), 0);
  assert.is(hierarchical({ 1: [1, 2] }).weightOf(123), 0);
});

test('hierarchical: memberships that are refused', () => {
  assert.throws(() => hierarchical({ 1: [1, 2], 2: [2, 3] }), /in group 1 and in group 2/);
  assert.throws(() => hierarchical({ 1: [1] }, { 1: -1 }), /weight.1=-1/);
  const membership = { version: 0, text: '', observers: [], weights: new Map() };
  const voters = [1, 2];
  assert.throws(
    () => new QuorumHierarchical({ ...membership, voters, groups: new Map([[1, [1]]]) }),
    /server 2 is a voter and in no group/,
  );
});

test('hierarchical, ZOOKEEPER-2959: the weight of an observer counts in the total of its group, and never for a quorum', () => {
  const membership = { version: 0, text: '', voters: [1, 2, 3], observers: [4] };
  const weights = new Map([[4, 1]]);
  const verifier = new QuorumHierarchical({ ...membership, groups: new Map([[1, [1, 2, 3, 4]]]), weights });
  assert.not(has(verifier, 1, 2, 4), 'two of four');
  assert.ok(has(verifier, 1, 2, 3));
  assert.is(verifier.weightOf(4), 0, 'it is no candidate');
});

test('hierarchical: where nobody weighs anything, nobody decides', () => {
  assert.not(has(hierarchical({ 1: [1, 2] }, { 1: 0, 2: 0 }), 1, 2));
});

test('any two quorums share a voter', () => {
  const groups = fc
    .array(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
    .filter(weights => weights.flat().some(weight => weight > 0));
  fc.assert(
    fc.property(groups, weightsOfGroups => {
      let sid = 0;
      const members: Record<number, number[]> = {};
      const weights: Record<number, number> = {};
      weightsOfGroups.forEach((group, index) => {
        members[index] = group.map(weight => {
          weights[++sid] = weight;
          return sid;
        });
      });
      const verifiers = [hierarchical(members, weights), majority([...Array(sid).keys()])];
      const subset = (bits: number) => new Set([...Array(sid + 1).keys()].filter(id => bits & (1 << id)));
      for (const verifier of verifiers) {
        for (let bits = 0; bits < 2 << sid; bits++) {
          const complement = subset(~bits);
          assert.not(verifier.containsQuorum(subset(bits)) && verifier.containsQuorum(complement));
        }
      }
    }),
    { numRuns: 50 },
  );
});
