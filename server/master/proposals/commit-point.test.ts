import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { JointQuorum } from '../../membership/joint-quorum.ts';
import { QuorumHierarchical } from '../../membership/quorum-hierarchical.ts';
import { QuorumMaj } from '../../membership/quorum-maj.ts';
import type { QuorumVerifier } from '../../membership/quorum-verifier.ts';
import { commitPoint } from './commit-point.ts';

const test = suite('quorum: what may be committed');

const SIDS = [1, 2, 3, 4, 5];
const parts = (voters: readonly number[]) => ({ version: 0, text: '', voters, observers: [] });
const majority = (...voters: number[]) => new QuorumMaj(parts(voters));
const acked = (...zxids: number[]) => new Map(zxids.map((zxid, at) => [at + 1, zxid]));

test('000-2: the highest zxid that a quorum has acked', () => {
  const quorum = new JointQuorum(majority(1, 2, 3));
  assert.is(commitPoint(acked(), quorum), 0);
  assert.is(commitPoint(acked(9), quorum), 0);
  assert.is(commitPoint(acked(9, 4), quorum), 4);
  assert.is(commitPoint(acked(9, 4, 7), quorum), 7);
  assert.is(commitPoint(acked(5, 5, 0), quorum), 5);
});

test('000-4, 000-5: acks of a server without a vote move nothing', () => {
  assert.is(commitPoint(acked(9, 4, 3, 9, 9), new JointQuorum(majority(1, 2, 3))), 4);
});

test('from the proposal of a configuration on, its quorum is needed too; earlier proposals do not wait for it', () => {
  const quorum = new JointQuorum(majority(1, 2, 3), majority(3, 4, 5), 10);
  assert.is(commitPoint(acked(8, 8, 0), quorum), 8);
  assert.is(commitPoint(acked(12, 12, 0), quorum), 9, 'up to the proposal');
  assert.is(commitPoint(acked(12, 0, 12, 11, 0), quorum), 11);
  assert.is(commitPoint(acked(12, 0, 12, 12, 0), quorum), 12);
  assert.is(commitPoint(acked(7, 0, 12, 12, 12), quorum), 7, 'the old configuration has not got it');
  assert.is(commitPoint(acked(12, 12, 12, 4, 0), quorum), 9, 'behind the proposal');
});

test('with a configuration that was seen before the epoch began, every proposal needs both quorums', () => {
  const quorum = new JointQuorum(majority(1, 2, 3), majority(3, 4, 5));
  assert.is(commitPoint(acked(12, 12, 0), quorum), 0);
  assert.is(commitPoint(acked(12, 0, 9, 9, 0), quorum), 9);
});

const anyVerifier: fc.Arbitrary<QuorumVerifier> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...SIDS), { minLength: 1 }),
    fc.boolean(),
    fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 3 })), { minLength: 5, maxLength: 5 }),
  )
  .map(([voters, isMajority, draws]) => {
    if (isMajority) return majority(...voters);
    const groups = [0, 1, 2].map(group => voters.filter((_, at) => draws[at]![0] === group));
    return new QuorumHierarchical({
      ...parts(voters),
      groups: new Map(groups.entries()),
      weights: new Map(voters.map((sid, at) => [sid, draws[at]![1]])),
    });
  });

/** A proposal as upstream keeps it: one set of acks for each configuration that decides it. */
class NaiveProposal {
  readonly #acks = new Set<number>();
  readonly #verifiers: readonly QuorumVerifier[];

  constructor(verifiers: readonly QuorumVerifier[]) {
    this.#verifiers = verifiers;
  }

  ack(sid: number): void {
    this.#acks.add(sid);
  }

  get isCommitted(): boolean {
    return this.#verifiers.every(verifier => verifier.containsQuorum(this.#acks));
  }
}

test('a naive model with a set of acks for each proposal commits the same', () => {
  const LAST = 12;
  const history = fc.record({
    committed: anyVerifier,
    next: anyVerifier,
    reconfigAt: fc.integer({ min: 1, max: LAST }),
    acks: fc.array(fc.tuple(fc.constantFrom(...SIDS), fc.integer({ min: 1, max: LAST })), { maxLength: 20 }),
  });
  let jointSteps = 0;
  fc.assert(
    fc.property(history, ({ committed, next, reconfigAt, acks }) => {
      const quorum = new JointQuorum(committed, next, reconfigAt);
      const proposals = Array.from(
        { length: LAST },
        (_, at) => new NaiveProposal(at + 1 < reconfigAt ? [committed] : [committed, next]),
      );
      const lastAcked = new Map<number, number>();
      for (const [sid, zxid] of acks) {
        // A server acks every zxid up to this one, in order.
        for (let each = 1; each <= zxid; each++) proposals[each - 1]!.ack(sid);
        lastAcked.set(sid, Math.max(zxid, lastAcked.get(sid) ?? 0));
        const open = proposals.findIndex(proposal => !proposal.isCommitted);
        const naive = open < 0 ? LAST : open;
        assert.is(commitPoint(lastAcked, quorum), naive);
        if (naive >= reconfigAt) jointSteps++;
      }
    }),
    { numRuns: 1000 },
  );
  assert.ok(jointSteps > 100, `${jointSteps} steps were decided by both`);
});
