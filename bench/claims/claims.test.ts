import { assert, suite } from '#test';
import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { around, type Planted, plantedResult, plantedTopology, TOPOLOGIES } from './claims.test-kit.ts';
import { CLAIMS } from './index.ts';
import { judgeAll } from './judging/judge-all.ts';
import { messagesOfTheProtocol, oneSyncPerWrite } from './judging/protocol-costs.ts';
import { leaderConnections } from './leader-connections.ts';
import { leaderMessages } from './leader-messages.ts';
import { mastersWriteThroughput } from './masters-write-throughput.ts';
import { membersApplyCommits } from './members-apply-commits.ts';
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

const others = (values: readonly number[], counts?: Record<string, number>) =>
  writes('voters5', values, counts && { counts });

test('004-2: more writes than the same members voting hold, fewer fail, a wide spread shows nothing', () => {
  const verdict = (values: readonly number[]) =>
    judged(observersLeaveWritesFlat, [others(around(1000)), writes('observers', values)]).verdict;
  assert.is(verdict(around(1190)), 'holds');
  assert.is(verdict(around(700)), 'fails');
  assert.is(verdict(around(1100, { spread: 0.8 })), 'not shown here');
});

test('004-1 and 004-2 read one pair of equal processes, never voters alone, and name it', () => {
  const alone = writes('voters', around(2000));
  const observers = writes('observers', around(1190));
  const without = judged(observersLeaveWritesFlat, [alone, observers], TOPOLOGIES.slice(0, 3));
  assert.is(without.verdict, 'not shown here');
  assert.is(
    without.reason,
    'This run has no pair of equal processes in other roles, such as 5 voters, and 3 voters with 2 observers.',
  );
  const planted = [alone, others(around(1000)), observers];
  const flat = judged(observersLeaveWritesFlat, planted);
  assert.is(flat.verdict, 'holds');
  assert.ok(Math.abs(flat.estimate!.value - 1.19) < 0.001);
  assert.equal([flat.estimate!.n, flat.estimate!.confidence], [6, 0.98]);
  assert.equal(flat.evidence, ['writeThroughput/voters5/healthy', 'writeThroughput/observers/healthy']);
  assert.match(
    flat.reason,
    /^3 voters and 2 observers committed 1\.19× the writes of 5 voters \(1\.19–1\.19 at 98 %, 6 rounds\)\. The whole interval is above 1×\.$/,
  );
  const fewer = judged(moreVotersWriteLess, planted);
  assert.is(fewer.verdict, 'holds');
  const more = judged(moreVotersWriteLess, [alone, others(around(1300)), observers]);
  assert.match(more.reason, /The claim needs a value below 1×, and the whole interval lies above\.$/);
  assert.match(fewer.reason, /^5 voters committed 0\.84× the writes of 3 voters and 2 observers /);
});

test('004-2: pairs are of equal size, and one pair that fails is enough', () => {
  const topologies = [
    ...TOPOLOGIES,
    plantedTopology('observers4', 3, 4),
    plantedTopology('voters7', 7, 0),
    plantedTopology('observers8', 3, 8),
  ];
  const { verdict, evidence, reason } = judged(
    observersLeaveWritesFlat,
    [
      others(around(1000)),
      writes('observers', around(1190)),
      writes('voters7', around(1000)),
      writes('observers4', around(800)),
      writes('observers8', around(1)),
    ],
    topologies,
  );
  assert.is(verdict, 'fails');
  assert.is(evidence.length, 4);
  assert.match(reason, /^3 voters and 4 observers committed 0\.8× the writes of 7 voters/);
});

test('004-2: both channels must agree: one round with acks from observers fails it, whatever the clock says', () => {
  const { verdict, reason, finding } = judged(observersLeaveWritesFlat, [
    others(around(1000), { acksToLeaderPerWrite: 4 }),
    writes('observers', around(1190), { counts: { acksToLeaderPerWrite: 4 } }),
  ]);
  assert.is(verdict, 'fails');
  assert.match(finding!, /committed 1\.19× the writes of 5 voters/);
  assert.match(
    reason,
    /The exact counts say: with 3 voters and 2 observers, the leader received 4 acks per write, and the protocol needs 2\.$/,
  );
});

test('the exact counts fail a claim about scaling even when its clock was void in every round', () => {
  const planted = [
    others(around(1000), { leaderMessagesPerWrite: 8 }),
    writes('observers', around(1190, { n: 1 }), { voidRounds: 5, counts: { leaderMessagesPerWrite: 12 } }),
  ];
  const { verdict, reason } = judged(observersLeaveWritesFlat, planted);
  assert.is(verdict, 'fails');
  assert.match(reason, /the leader sent 12 messages per write, and the protocol needs 6/);
});

test('on a busy machine a time is void, and a count is not', () => {
  const machineUse = {
    ...{ cores: 2, loadAverageBefore: 9, loadAverageAfter: 9, othersCores: 1.8, stealShare: 0 },
    ...{ niceValue: 0, driver: null, proxyCores: null },
  };
  const verdict = (acks: number) => {
    const planted = plantedResult([
      others(around(1000)),
      writes('observers', around(1190), { counts: { acksToLeaderPerWrite: acks } }),
    ]);
    const environment = { ...planted.environment, toxiproxy: { kind: 'none' as const, version: '' } };
    return judgeAll([observersLeaveWritesFlat], { ...planted, environment, machineUse })[0]!;
  };
  assert.is(verdict(2).verdict, 'void');
  assert.match(verdict(2).reason, /^The machine was busy with something else: .* committed 1\.19×/);
  assert.is(verdict(4).verdict, 'fails');
});

test('a claim is void when half of its rounds do not count, and the reason says which and why', () => {
  const { verdict, reason } = judged(observersLeaveWritesFlat, [
    others(around(1000)),
    writes('observers', around(1190, { n: 3 }), { voidRounds: 3 }),
  ]);
  assert.is(verdict, 'void');
  assert.match(reason, /3 of 6 rounds of write throughput of observers are void: round 4: blackhole did not/);
});

test('a few void rounds are left out with a warning', () => {
  const { verdict, warnings } = judged(observersLeaveWritesFlat, [
    others(around(1000)),
    writes('observers', around(1190), { voidRounds: 1 }),
  ]);
  assert.is(verdict, 'holds');
  assert.match(warnings.join(), /1 of 7 rounds left out/);
});

test('rounds that only one side has, or that belong to different starts, are not pairs; without pairs a claim is void', () => {
  const early = writes('observers', around(1000));
  const late = writes('masters', around(1200), { firstRound: 6 });
  const { verdict, reason, estimate } = judged(mastersWriteThroughput, [early, late]);
  assert.is(verdict, 'void');
  assert.match(reason, /no round in which both write throughput of observers and .*of masters count/);
  assert.is(estimate, undefined);
  const apart = writes('masters', around(1200), { roundsPerStart: 1 });
  assert.is(
    judged(mastersWriteThroughput, [writes('observers', around(1000, { n: 6 })), apart]).estimate!.n,
    1,
  );
});

test('a verdict is the same whichever other claims are judged beside it', () => {
  const planted = plantedResult([
    others(around(1000, { spread: 0.1 })),
    writes('observers', around(1090, { spread: 0.1 })),
    writes('masters', around(1000, { spread: 0.9 })),
  ]);
  const alone = judgeAll([observersLeaveWritesFlat], planted)[0];
  assert.equal(
    judgeAll(CLAIMS, planted).find(({ id }) => id === '004-2'),
    alone,
  );
});

test('fewer than five rounds give no verdict, however large the difference, and the reason gives the command', () => {
  const of = (n: number) =>
    judged(mastersWriteThroughput, [
      writes('observers', around(1000, { n })),
      writes('masters', around(3000, { n })),
    ]);
  for (const n of [1, 3, 4]) assert.is(of(n).verdict, 'not shown here', `${n} rounds`);
  assert.match(
    of(4).reason,
    /4 rounds\)\. A verdict needs at least 5 rounds that count: zklab claims --suite quick --only 004-15 --rounds 5\.$/,
  );
  assert.is(of(5).verdict, 'holds');
  const halfVoid = writes('masters', around(3000, { n: 3 }), { voidRounds: 2 });
  const { reason } = judged(mastersWriteThroughput, [writes('observers', around(1000)), halfVoid]);
  assert.match(reason, /\(.*3 rounds\)\. .* --rounds 10\.$/, 'half of the rounds count');
});

test('"not shown here" says what this run could have shown, and what would show more', () => {
  const { verdict, reason, rule } = judged(mastersWriteThroughput, [
    writes('observers', around(1000, { spread: 0.3 })),
    writes('masters', around(1040).toReversed()),
  ]);
  assert.is(verdict, 'not shown here');
  assert.equal([rule!.level, rule!.margin], [0.01, { low: 1, high: null }]);
  const { holds, fails, rounds } = rule!.detectable!;
  assert.ok(holds!.low! > 1 && fails!.low! < 1 && rounds! > 6);
  assert.match(
    reason,
    /The claim needs a value above 1×, which the interval does not decide\. With this spread 6 rounds show nine times out of ten that it would hold above 1\.\d+× and fail below 0\.\d+×\. About \d+ rounds would decide what was seen: zklab claims --suite quick --only 004-15 --rounds \d+\.$/,
  );
});

test('several starts are one sample each', () => {
  const planted = (roundsPerStart?: number) => {
    const more = roundsPerStart === undefined ? {} : { roundsPerStart };
    return judged(mastersWriteThroughput, [
      writes('observers', around(1000, { n: 12, spread: 0.1 }), more),
      writes('masters', around(1500, { n: 12 }), more),
    ]);
  };
  assert.is(planted(3).verdict, 'holds');
  assert.ok(planted(3).estimate!.low! < planted().estimate!.low!, 'four starts say less than twelve rounds');
});

test('a claim without its measurement is not shown, and the reason names the measurement', () => {
  const { verdict, reason } = judged(observersLeaveWritesFlat, [others(around(1000))]);
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

test('004-1: every set of voters must write less than as many processes of which some observe', () => {
  const topologies = [...TOPOLOGIES, plantedTopology('v7', 7, 0), plantedTopology('o4', 3, 4)];
  const verdict = (five: number, seven: number) =>
    judged(
      moreVotersWriteLess,
      [
        writes('observers', around(1000)),
        others(around(five)),
        writes('o4', around(1000)),
        writes('v7', around(seven)),
      ],
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

test('000-11: with masters the leader sends as many messages and bytes as with voters alone', () => {
  const verdict = (voters: number, observers: number, masters: number, bytes = 414) =>
    judged(leaderMessages, [
      counted('voters', { leaderMessagesPerWrite: voters, leaderBytesPerWrite: 414 }),
      counted('observers', { leaderMessagesPerWrite: observers, leaderBytesPerWrite: 788 }),
      counted('masters', { leaderMessagesPerWrite: masters, leaderBytesPerWrite: bytes }),
    ]).verdict;
  assert.is(verdict(4, 7, 4.01), 'holds');
  assert.is(verdict(4, 7, 5), 'fails');
  assert.is(verdict(4, 7, 4, 450), 'fails', 'as many messages, and more bytes');
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
      leaderBytesPerWrite: 100 * leaderMessagesPerWrite,
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

test('004-9: an observer takes one message per write, fewer than a follower, and fewer bytes', () => {
  const verdict = (observer: number, follower: number, bytes = 187) =>
    judged(observerMessages, [
      counted('observers', {
        observerMessagesPerWrite: observer,
        followerMessagesPerWrite: follower,
        observerBytesPerWrite: bytes,
        followerBytesPerWrite: 227,
      }),
    ]).verdict;
  assert.is(verdict(1, 3), 'holds');
  assert.is(verdict(2, 3), 'fails');
  assert.is(verdict(1, 1), 'fails');
  assert.is(verdict(1, 3, 230), 'fails');
});

test('L3 and L4: one round with a message twice, or a sync too many, fails whatever the topology', () => {
  const protocol = {
    leaderMessagesPerWrite: 6,
    acksToLeaderPerWrite: 2,
    followerMessagesPerWrite: 3,
    observerMessagesPerWrite: 1,
  };
  const of = (claim: Claim, counts: Record<string, number>) =>
    judged(
      claim,
      [writes('observers', [1000], { counts: { ...protocol, leaderFsyncsPerWrite: 0.2, ...counts } })],
      [plantedTopology('observers', 3, 2)],
    );
  assert.is(of(messagesOfTheProtocol, {}).verdict, 'holds');
  for (const [name, value] of Object.entries(protocol)) {
    const { verdict, reason } = of(messagesOfTheProtocol, { [name]: 2 * value });
    assert.is(verdict, 'fails', name);
    assert.match(
      reason,
      new RegExp(`^With 3 voters and 2 observers, .* ${2 * value} .*the protocol needs ${value}\\.$`),
    );
  }
  assert.is(
    of(messagesOfTheProtocol, { observerMessagesPerWrite: 0 }).verdict,
    'fails',
    'nothing is forwarded',
  );
  assert.is(of(oneSyncPerWrite, {}).verdict, 'holds');
  assert.is(of(oneSyncPerWrite, { followerFsyncsPerWrite: 2 }).verdict, 'fails');
});

test('L7: one member that is behind the leader after a load fails it', () => {
  const of = (membersBehind: number) =>
    judged(
      membersApplyCommits,
      ['voters', 'observers', 'masters', 'voters5'].map(name =>
        counted(name, { membersBehind: name === 'masters' ? membersBehind : 0 }),
      ),
    );
  assert.is(of(0).verdict, 'holds');
  const { verdict, reason } = of(1);
  assert.is(verdict, 'fails');
  assert.is(reason, 'In masters, 1 times a member was still behind the leader seconds after a load.');
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

test('000-4: where a single voter decides nobody acknowledges, so nothing is shown and nothing fails', () => {
  const one = [plantedTopology('one', 1, 2)];
  const counts = { acksFromObservers: 0, acksToLeaderPerWrite: 0 };
  const [claim] = judgeAll([observersNeverAck], plantedResult([counted('one', counts)], one));
  assert.is(claim!.verdict, 'not shown here');
  assert.is(claim!.reason, 'This run has no topology with observers and at least two voters.');
});

test('exact claims are not shown for servers that do not count, and void for void rounds', () => {
  const apache = judged(observerMessages, [writes('observers', around(1000))]);
  assert.is(apache.verdict, 'not shown here');
  assert.match(apache.reason, /did not count/);
  assert.is(judged(observerMessages, [writes('observers', [], { voidRounds: 6 })]).verdict, 'void');
});

test('conditions are looked up by the names that results share', () => {
  const cut = writes('observers', around(1000), { condition: CONDITIONS.observersBlackholed });
  assert.is(judged(observersLeaveWritesFlat, [others(around(1000)), cut]).verdict, 'not shown here');
});
