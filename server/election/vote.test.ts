import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { MIN_LONG } from '../wire/election-message.ts';
import { agrees, type CastVote, compareVotes, emptyVote, type Vote } from './vote.ts';

const test = suite('election: votes');

const vote = (peerEpoch: number, zxid: number, leader: number, round = 1): Vote => ({
  leader,
  zxid,
  round,
  peerEpoch,
});
const equalWeights = () => 1;

test('order: peerEpoch, then zxid, then sid', () => {
  const ascending = [
    emptyVote(1),
    vote(0, 0, 1),
    vote(0, 0, 2),
    vote(0, 7, 1),
    vote(1, 3, 1),
    vote(1, 0x1_0000_0000, 3),
    vote(2, 0, 1),
  ];
  ascending.forEach((a, i) => {
    ascending.forEach((b, j) => {
      assert.is(Math.sign(compareVotes(a, b, equalWeights)), Math.sign(i - j), `${i} against ${j}`);
    });
  });
});

test('a candidate of weight 0 loses to any other', () => {
  const weightOf = (sid: number) => (sid === 9 ? 0 : 1);
  assert.ok(compareVotes(vote(9, 9, 9), vote(0, 0, 1), weightOf) < 0);
  assert.ok(compareVotes(vote(0, 0, 1), vote(9, 9, 9), weightOf) > 0);
});

test('the order is total: antisymmetric, transitive, 0 only for the same candidate', () => {
  const small = fc.constantFrom(MIN_LONG, 0, 1, 2);
  const any = fc.tuple(small, small, small).map(([epoch, zxid, leader]) => vote(epoch, zxid, leader));
  const weightOf = (sid: number) => Math.max(0, sid);
  const sign = (a: Vote, b: Vote) => Math.sign(compareVotes(a, b, weightOf));
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      assert.is(sign(a, b) + sign(b, a), 0);
      if (sign(a, b) === 0) assert.equal(a, b);
      if (sign(a, b) >= 0 && sign(b, c) >= 0) assert.ok(sign(a, c) >= 0);
    }),
  );
});

test('agreement: in everything while one side looks, then in leader and epoch', () => {
  const cast = (fields: Partial<CastVote>): CastVote => ({
    ...vote(1, 5, 3),
    state: 'LOOKING',
    version: 2,
    ...fields,
  });
  const following: Partial<CastVote> = { state: 'FOLLOWING' };
  const rows: [Partial<CastVote>, Partial<CastVote>, boolean][] = [
    [{}, {}, true],
    [{}, { leader: 2 }, false],
    [{}, { zxid: 6 }, false],
    [{}, { round: 2 }, false],
    [{}, { peerEpoch: 2 }, false],
    [{}, { ...following, round: 2 }, false],
    [following, { state: 'LEADING', round: 7, zxid: 0 }, true],
    [following, { state: 'LEADING', peerEpoch: 2 }, false],
    [following, { state: 'LEADING', peerEpoch: 2, version: 0 }, true],
    [following, { state: 'LEADING', leader: 2, version: 0 }, false],
  ];
  for (const [a, b, expected] of rows) {
    assert.is(agrees(cast(a), cast(b)), expected, JSON.stringify([a, b]));
    assert.is(agrees(cast(b), cast(a)), expected, JSON.stringify([b, a]));
  }
});
