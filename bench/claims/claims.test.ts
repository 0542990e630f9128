import { assert, suite } from '#test';
import { CONDITIONS, placeboCondition } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { around, type Planted, plantedResult, plantedTopology } from './claims.test-kit.ts';
import { judgeAll } from './judge-all.ts';
import { leaderConnections } from './leader-connections.ts';
import { leaderMessages } from './leader-messages.ts';
import { mastersWriteThroughput } from './masters-write-throughput.ts';
import { moreVotersWriteLess } from './more-voters-write-less.ts';
import { observerMessages } from './observer-messages.ts';
import { observersLeaveWritesFlat } from './observers-leave-writes-flat.ts';
import { observersNeverAck } from './observers-never-ack.ts';

const test = suite('bench/claims: judges');

function judged(claim: Claim, planted: readonly Planted[], topologies?: Parameters<typeof plantedResult>[1]) {
  return judgeAll([claim], plantedResult(planted, topologies))[0]!;
}

function writes(topology: string, values: readonly number[], more: Partial<Planted> = {}): Planted {
  return { metric: 'writeThroughput', topology, values, ...more };
}

const placebo = (values: readonly number[], counts?: Record<string, number>) =>
  writes('voters', values, { condition: placeboCondition(3), ...(counts && { counts }) });

test('004-2: at least 90 % of the writes beside placebos hold, clearly fewer fail, a wide spread shows nothing', () => {
  const verdict = (values: readonly number[]) =>
    judged(observersLeaveWritesFlat, [placebo(around(1000)), writes('observers', values)]).verdict;
  assert.is(verdict(around(995)), 'holds');
  assert.is(verdict(around(700)), 'fails');
  assert.is(verdict(around(950, { spread: 0.8 })), 'not shown here');
  assert.is(
    verdict(around(1300)),
    'holds',
    'placebos that cost more than observers are no harm that observers do',
  );
});

test('004-2: against placebos, never against voters alone; the estimate is a ratio by round', () => {
  const alone = writes('voters', around(2000));
  const observers = writes('observers', around(995));
  const without = judged(observersLeaveWritesFlat, [alone, observers]);
  assert.is(without.verdict, 'not shown here');
  assert.match(without.reason, /did not measure .* beside 3 placebo observers/);
  const { verdict, estimate, evidence } = judged(observersLeaveWritesFlat, [
    alone,
    placebo(around(1000)),
    observers,
  ]);
  assert.is(verdict, 'holds');
  assert.ok(Math.abs(estimate!.value - 0.995) < 0.001);
  assert.is(estimate!.n, 6);
  assert.equal(evidence, [
    `writeThroughput/voters/${placeboCondition(3)}`,
    'writeThroughput/observers/healthy',
  ]);
});

test('004-2: eight observers are compared with eight placebos, not with three', () => {
  const topologies = [plantedTopology('voters', 3, 0), plantedTopology('observers8', 3, 8)];
  const eight = writes('observers8', around(900));
  const beside = (count: number, writesPerSecond: number) =>
    writes('voters', around(writesPerSecond), { condition: placeboCondition(count) });
  const { verdict, evidence } = judged(
    observersLeaveWritesFlat,
    [beside(3, 2000), beside(8, 905), eight],
    topologies,
  );
  assert.is(verdict, 'holds');
  assert.is(evidence[0], `writeThroughput/voters/${placeboCondition(8)}`);
});

test('004-2: both channels must agree: more acks per write with observers fail the claim, whatever the clock says', () => {
  const { verdict, reason } = judged(observersLeaveWritesFlat, [
    placebo(around(1000), { acksToLeaderPerWrite: 2 }),
    writes('observers', around(1000), { counts: { acksToLeaderPerWrite: 5 } }),
  ]);
  assert.is(verdict, 'fails');
  assert.match(reason, /hears more acks/);
});

test('a claim is void when half of its rounds do not count, and the reason says which and why', () => {
  const { verdict, reason } = judged(observersLeaveWritesFlat, [
    placebo(around(1000)),
    writes('observers', around(1000, { n: 3 }), { voidRounds: 3 }),
  ]);
  assert.is(verdict, 'void');
  assert.match(
    reason,
    /3 of 6 rounds of write throughput of observers are void: void round 4: blackhole did not/,
  );
});

test('a few void rounds are left out with a warning', () => {
  const { verdict, warnings } = judged(observersLeaveWritesFlat, [
    placebo(around(1000)),
    writes('observers', around(1000), { voidRounds: 1 }),
  ]);
  assert.is(verdict, 'holds');
  assert.match(warnings.join(), /1 of 7 rounds left out/);
});

test('rounds that only one side has are not pairs; a claim without pairs is void', () => {
  const early = writes('observers', around(1000));
  const late = writes('masters', around(1200), { firstRound: 6 });
  const { verdict, reason, estimate } = judged(mastersWriteThroughput, [early, late]);
  assert.is(verdict, 'void');
  assert.match(reason, /no round in which both write throughput of observers and .*of masters count/);
  assert.is(estimate, undefined);
});

test('an interval that covers less than 95 % says so', () => {
  const estimateOf = (n: number) =>
    judged(mastersWriteThroughput, [
      writes('observers', around(1000, { n })),
      writes('masters', around(1200, { n })),
    ]).estimate!;
  assert.is(estimateOf(6).confidence, undefined);
  assert.is(estimateOf(5).confidence, 0.9375);
  assert.equal([estimateOf(4).low, estimateOf(4).confidence], [null, undefined]);
});

test('four rounds are too few for a verdict among seven claims, six are enough', () => {
  const family = (n: number) =>
    judgeAll(
      Array.from({ length: 7 }, (_, index) => ({ ...observersLeaveWritesFlat, id: `c${index}` })),
      plantedResult([placebo(around(1000, { n })), writes('observers', around(700, { n }))]),
    ).map(({ verdict }) => verdict);
  assert.equal([...new Set(family(4))], ['not shown here']);
  assert.equal([...new Set(family(6))], ['fails']);
});

test('fewer than five rounds give no verdict, however large the difference, even for a single claim', () => {
  const of = (n: number) =>
    judged(mastersWriteThroughput, [
      writes('observers', around(1000, { n })),
      writes('masters', around(3000, { n })),
    ]);
  for (const n of [1, 3, 4]) assert.is(of(n).verdict, 'not shown here', `${n} rounds`);
  assert.match(of(1).reason, /\(1 round; a test needs at least 5\)/);
  assert.match(of(4).reason, /\(4 rounds; a test needs at least 5\)/);
  assert.is(of(5).verdict, 'holds');
});

test('a claim without its measurement is not shown, and the reason names the measurement', () => {
  const { verdict, reason } = judged(observersLeaveWritesFlat, [placebo(around(1000))]);
  assert.is(verdict, 'not shown here');
  assert.match(reason, /did not measure write throughput of observers/);
  assert.is(judged(leaderConnections, [], [plantedTopology('voters', 3, 0)]).verdict, 'not shown here');
});

test('004-15: masters must be shown to write more', () => {
  const verdict = (values: readonly number[]) =>
    judged(mastersWriteThroughput, [writes('observers', around(1000)), writes('masters', values)]).verdict;
  assert.is(verdict(around(1200)), 'holds');
  assert.is(verdict(around(800)), 'fails');
  assert.is(verdict(around(1000)), 'not shown here');
});

test('004-1: every larger set of voters must write less', () => {
  const topologies = [3, 5, 7].map(voters => plantedTopology(`v${voters}`, voters, 0));
  const verdict = (five: number, seven: number) =>
    judged(
      moreVotersWriteLess,
      [writes('v3', around(1000)), writes('v5', around(five)), writes('v7', around(seven))],
      topologies,
    ).verdict;
  assert.is(verdict(800, 600), 'holds');
  assert.is(verdict(800, 1300), 'fails');
  assert.is(verdict(800, 1000), 'not shown here');
});

const counted = (topology: string, counts: Record<string, number>) =>
  writes(topology, around(1000), { counts });

test('004-16: with masters only followers connect to the leader', () => {
  const verdict = (without: number, masters: number) =>
    judged(leaderConnections, [
      counted('observers', { leaderConnections: without }),
      counted('masters', { leaderConnections: masters }),
    ]).verdict;
  assert.is(verdict(5, 2), 'holds');
  assert.is(verdict(5, 3), 'fails');
  assert.is(verdict(2, 2), 'fails');
});

test('000-11: with masters the leader sends as many messages as with voters alone', () => {
  const verdict = (voters: number, observers: number, masters: number) =>
    judged(leaderMessages, [
      counted('voters', { leaderMessagesPerWrite: voters }),
      counted('observers', { leaderMessagesPerWrite: observers }),
      counted('masters', { leaderMessagesPerWrite: masters }),
    ]).verdict;
  assert.is(verdict(4, 7, 4.01), 'holds');
  assert.is(verdict(4, 7, 5), 'fails');
});

test('004-16 and 000-11: a single size of topology that breaks the claim fails it', () => {
  const topologies = [3, 8].flatMap(observers => [
    plantedTopology(`observers${observers}`, 3, observers),
    plantedTopology(`masters${observers}`, 3, observers, true),
  ]);
  const verdict = (connections: number, messages: number) => {
    const counts = (leaderConnections: number, leaderMessagesPerWrite: number) => ({
      leaderConnections,
      leaderMessagesPerWrite,
    });
    const planted = [
      counted('voters', counts(2, 4)),
      counted('observers3', counts(5, 7)),
      counted('masters3', counts(2, 4)),
      counted('observers8', counts(10, 12)),
      counted('masters8', counts(connections, messages)),
    ];
    return judgeAll(
      [leaderConnections, leaderMessages],
      plantedResult(planted, [plantedTopology('voters', 3, 0), ...topologies]),
    ).map(each => each.verdict);
  };
  assert.equal(verdict(2, 4), ['holds', 'holds']);
  assert.equal(verdict(3, 4), ['fails', 'holds']);
  assert.equal(verdict(2, 6), ['holds', 'fails']);
});

test('004-9: an observer takes one message per write, and fewer than a follower', () => {
  const verdict = (observer: number, follower: number) =>
    judged(observerMessages, [
      counted('observers', {
        observerMessagesPerWrite: observer,
        followerMessagesPerWrite: follower,
      }),
    ]).verdict;
  assert.is(verdict(1, 3), 'holds');
  assert.is(verdict(2, 3), 'fails');
  assert.is(verdict(1, 1), 'fails');
});

test('000-4: one ack of an observer fails the claim; a leader without any acks proves nothing', () => {
  const verdict = (acks: number, heard: number) =>
    judged(
      observersNeverAck,
      ['observers', 'masters'].map(name =>
        counted(name, { acksFromObservers: acks, acksToLeaderPerWrite: heard }),
      ),
    ).verdict;
  assert.is(verdict(0, 2), 'holds');
  assert.is(verdict(1, 2), 'fails');
  assert.is(verdict(0, 0), 'fails');
});

test('exact claims are not shown for servers that do not count, and void for void rounds', () => {
  const apache = judged(observerMessages, [writes('observers', around(1000))]);
  assert.is(apache.verdict, 'not shown here');
  assert.match(apache.reason, /did not count/);
  assert.is(judged(observerMessages, [writes('observers', [], { voidRounds: 6 })]).verdict, 'void');
});

test('conditions are looked up by the names that results share', () => {
  const cut = writes('observers', around(1000), { condition: CONDITIONS.observersBlackholed });
  assert.is(judged(observersLeaveWritesFlat, [placebo(around(1000)), cut]).verdict, 'not shown here');
});
