import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { JointQuorum } from './joint-quorum.ts';
import { QuorumHierarchical } from './quorum-hierarchical.ts';
import { QuorumMaj } from './quorum-maj.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';

const test = suite('membership: quorums of two configurations');

const parts = (voters: readonly number[]) => ({ version: 0, text: '', voters, observers: [] });

const majority = (...voters: number[]) => new QuorumMaj(parts(voters));

/** One group: more than half of its weight decides. */
function weighted(weights: Record<number, number>): QuorumHierarchical {
  const entries = Object.entries(weights).map(([sid, weight]) => [Number(sid), weight] as const);
  const sids = entries.map(([sid]) => sid);
  return new QuorumHierarchical({
    ...parts(sids),
    groups: new Map([[1, sids]]),
    weights: new Map(entries),
  });
}

function grouped(...groups: number[][]): QuorumHierarchical {
  const entries = groups.map((sids, group) => [group, sids] as const);
  return new QuorumHierarchical({ ...parts(groups.flat()), groups: new Map(entries), weights: new Map() });
}

const setOf = (digits: string) => new Set([...digits].map(Number));

for (const [what, committed, next, quorums, others] of [
  ['majorities', majority(1, 2, 3), majority(3, 4, 5), ['134', '235', '12345'], ['123', '345', '13', '14']],
  ['a majority within the other', majority(1, 2, 3), majority(1), ['12', '13'], ['23', '1']],
  [
    'a majority, then weights',
    majority(1, 2, 3),
    weighted({ 1: 0, 2: 1, 3: 2 }),
    ['13', '23'],
    ['12', '3', '1'],
  ],
  ['weights, then a majority', weighted({ 1: 3, 2: 1 }), majority(2, 3, 4), ['123', '134'], ['234', '12']],
  [
    'a majority, then groups',
    majority(1, 2, 3),
    grouped([1, 2, 3], [4, 5, 6], [7, 8, 9]),
    ['1245', '1278', '123456'],
    ['123', '4578', '12', '1457'],
  ],
  ['groups, then weights', grouped([1], [2], [3]), weighted({ 3: 1, 4: 1 }), ['134', '234'], ['12', '34']],
] as const) {
  test(`${what}: only a quorum of each decides`, () => {
    const both = new JointQuorum(committed, next);
    for (const sids of quorums) assert.ok(both.containsQuorum(setOf(sids)), sids);
    for (const sids of others) assert.not(both.containsQuorum(setOf(sids)), sids);
  });
}

test('alone, a configuration decides by its own quorums', () => {
  const alone = new JointQuorum(majority(1, 2, 3));
  assert.ok(alone.containsQuorum(setOf('12')));
  assert.not(alone.containsQuorum(setOf('1')));
  assert.is(alone.voters, alone.committed.voters);
});

test('a voter of either is a voter, with the higher of its weights', () => {
  const both = new JointQuorum(weighted({ 1: 3, 2: 0 }), weighted({ 2: 5, 3: 1 }));
  assert.equal([...both.voters].sort(), [1, 2, 3]);
  assert.equal(
    [1, 2, 3, 9].map(sid => [both.isVoter(sid), both.weightOf(sid)]),
    [
      [true, 3],
      [true, 5],
      [true, 1],
      [false, 0],
    ],
  );
});

/** Voters 1 to 6, and what a quorum of them is. */
const anyVerifier: fc.Arbitrary<QuorumVerifier> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
    fc.constantFrom('majority', 'weights', 'groups'),
    fc.array(fc.nat({ max: 3 }), { minLength: 6, maxLength: 6 }),
  )
  .map(([voters, kind, numbers]) => {
    if (kind === 'majority') return majority(...voters);
    if (kind === 'weights') return weighted(Object.fromEntries(voters.map((sid, at) => [sid, numbers[at]!])));
    const groups = [0, 1, 2].map(group => voters.filter((_, at) => numbers[at]! % 3 === group));
    return grouped(...groups.filter(sids => sids.length > 0));
  });

const subsets = Array.from({ length: 64 }, (_, bits) =>
  setOf('123456'.replace(/./g, d => (bits & (1 << (Number(d) - 1)) ? d : ''))),
);

test('a quorum of both shares a voter with every quorum of either, so nothing is decided twice during the change', () => {
  fc.assert(
    fc.property(anyVerifier, anyVerifier, (committed, next) => {
      const both = new JointQuorum(committed, next);
      for (const sids of subsets) {
        if (!both.containsQuorum(sids)) continue;
        const rest = new Set([...setOf('123456')].filter(sid => !sids.has(sid)));
        assert.not(committed.containsQuorum(rest));
        assert.not(next.containsQuorum(rest));
      }
    }),
    { numRuns: 200 },
  );
});
