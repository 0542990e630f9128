import { assert, suite } from '#test';
import { CONDITIONS, STREAM_ENSEMBLES } from '../../results/names.ts';
import { plantedResult, plantedTopology } from './claims.test-kit.ts';
import { Evidence } from './judging/evidence.ts';
import { streamLeavesVoters } from './stream-leaves-voters.ts';

const test = suite('bench/claims: the commit stream');
const TOPOLOGIES = Object.values(STREAM_ENSEMBLES).map(name => ({
  ...plantedTopology(name, 3, 2),
  experiment: 'streams',
}));
const COSTS = {
  leaderMessagesPerWrite: 6,
  leaderBytesPerWrite: 700,
  acksToLeaderPerWrite: 2,
  requestsPerWrite: 0,
  leaderFsyncsPerWrite: 1,
  followerMessagesPerWrite: 3,
  followerBytesPerWrite: 300,
  followerFsyncsPerWrite: 1,
};

function judged(
  streaming: Readonly<Record<string, number>>,
  plain: Readonly<Record<string, number>> = COSTS,
) {
  const planted = [
    [STREAM_ENSEMBLES.streaming, streaming] as const,
    [STREAM_ENSEMBLES.plain, plain] as const,
  ].map(([topology, counts]) => ({
    metric: 'countedOperations',
    topology,
    condition: CONDITIONS.singleAtLeader,
    values: [500],
    counts,
  }));
  return streamLeavesVoters.judge(new Evidence(plantedResult(planted, TOPOLOGIES)));
}

test('004-22: the same costs with and without a stream hold', () => {
  const { verdict, reason } = judged({ ...COSTS, streamedPerWrite: 1 });
  assert.is(verdict, 'holds');
  assert.match(reason, /the leader sent 6 messages of 700 bytes per write while every observer streamed/);
});

test('004-22, planted: a message, a byte in ten or an fsync more fails, and so does a stream that lacks writes', () => {
  for (const [change, said] of [
    [{ leaderMessagesPerWrite: 7 }, /leaderMessagesPerWrite is 7 with a stream and 6 without/],
    [{ leaderBytesPerWrite: 770 }, /leaderBytesPerWrite is 770/],
    [{ requestsPerWrite: 0.1 }, /requestsPerWrite is 0\.1 with a stream and 0 without/],
    [{ followerFsyncsPerWrite: 2 }, /followerFsyncsPerWrite is 2/],
    [{ streamedPerWrite: 0.5 }, /the observer that streamed least sent 0\.5 transactions per write/],
  ] as const) {
    const { verdict, reason } = judged({ ...COSTS, streamedPerWrite: 1, ...change });
    assert.is(verdict, 'fails', reason);
    assert.match(reason, said);
  }
});

test('004-22: a run without both ensembles, and servers that do not count, show nothing', () => {
  assert.is(streamLeavesVoters.judge(new Evidence(plantedResult([]))).verdict, 'not shown here');
  assert.is(judged({}, {}).verdict, 'not shown here');
});
