import { assert, suite } from '#test';
import { CONDITIONS } from '../../results/names.ts';
import type { Topology } from '../../results/schema.ts';
import type { Claim } from './claim.ts';
import { around, type Planted, plantedResult, plantedTopology } from './claims.test-kit.ts';
import { judgeAll } from './judging/judge-all.ts';
import { readsLeaveWrites } from './reads-leave-writes.ts';
import { readsBearSessions, readsScaleWithObservers } from './reads-scale.ts';
import { observersLackFewWrites, observersShowWritesSoon } from './staleness.ts';
import { unusedMasters, unusedMastersCpu } from './unused-masters.ts';
import { writeThroughObserver } from './write-through-observer.ts';

const test = suite('bench/claims: clients by the member that they are connected to');

function ready(voters: number): Topology {
  const { members, ...topology } = plantedTopology('ready', voters, 0);
  return { ...topology, members: members.map(member => ({ ...member, observerMaster: true })) };
}

const TOPOLOGIES = [
  plantedTopology('three', 3, 0),
  ready(3),
  plantedTopology('five', 3, 2),
  plantedTopology('fiveMasters', 3, 2, true),
  plantedTopology('seven', 3, 4),
].map(topology => ({ ...topology, experiment: 'clients' }));

type Values = readonly number[];

function row(metric: string, topology: string, condition: string, values: Values, more = {}): Planted {
  return { metric, topology, condition, values, ...more };
}

function judged(claim: Claim, planted: readonly Planted[]) {
  return judgeAll([claim], plantedResult(planted, TOPOLOGIES))[0]!;
}

const reads = (topology: string, values: Values, condition: string = CONDITIONS.readsFewSessions) =>
  row('readThroughput', topology, condition, values);

test('L8: two observers must add half of the voters’ reads, four must double them', () => {
  const verdictOf = (five: Values, seven: Values) =>
    judged(readsScaleWithObservers, [
      reads('three', around(1_000)),
      reads('five', five),
      reads('seven', seven),
    ]);
  assert.is(verdictOf(around(1_600), around(2_200)).verdict, 'holds');
  const linear = verdictOf(around(1_600), around(1_600));
  assert.is(linear.verdict, 'fails');
  assert.match(
    linear.reason,
    /^3 voters and 4 observers answered 1\.6× the reads of 3 voters .* The claim needs a value above 1\.75×/,
  );
  assert.is(verdictOf(around(1_250), around(2_200)).verdict, 'not shown here');
  assert.is(verdictOf(around(1_600), []).verdict, 'void');
});

test('planted: reads that ask the leader fail L8 and L9, whatever the clock says', () => {
  const asking = (perRead: number) =>
    (['readsFewSessions', 'readsManySessions'] as const).flatMap(name => {
      const counts = { requestsToLeaderPerRead: perRead };
      return [
        row('readThroughput', 'three', CONDITIONS[name], around(1_000), { counts: { ...counts } }),
        row('readThroughput', 'five', CONDITIONS[name], around(1_600), { counts }),
        row('readThroughput', 'seven', CONDITIONS[name], around(2_200)),
      ];
    });
  for (const claim of [readsScaleWithObservers, readsBearSessions]) {
    const quiet = judged(claim, asking(0));
    assert.is(quiet.verdict, 'holds', quiet.reason);
    assert.is(quiet.exact.length, 2, 'one topology has no counts, as those of Apache ZooKeeper');
    const { verdict, reason } = judged(claim, asking(0.2));
    assert.is(verdict, 'fails');
    assert.match(reason, /with 3 voters, a read cost 0\.2 requests to the leader, and needs none/);
  }
});

test('L9: many sessions must leave 80 % of the reads', () => {
  const verdictOf = (many: Values) =>
    judged(readsBearSessions, [
      reads('five', around(1_000)),
      reads('five', many, CONDITIONS.readsManySessions),
    ]).verdict;
  assert.is(verdictOf(around(950)), 'holds');
  assert.is(verdictOf(around(600)), 'fails');
  assert.is(verdictOf(around(820, { spread: 0.5 })), 'not shown here');
  assert.is(judged(readsBearSessions, []).verdict, 'not shown here');
});

const COUNTS = { leaderMessagesPerWrite: 6, leaderBytesPerWrite: 793, acksToLeaderPerWrite: 2 };
const BEHIND_MASTERS = { ...COUNTS, leaderMessagesPerWrite: 4, leaderBytesPerWrite: 416 };

test('L10: reads at observers may cost a fifth of the writes, and no message', () => {
  const planted = (beside: Values, counts: Record<string, number> = COUNTS) => [
    ...['five', 'seven'].flatMap(topology => {
      const of = {
        ...counts,
        leaderMessagesPerWrite: counts.leaderMessagesPerWrite! + (topology === 'seven' ? 2 : 0),
      };
      const quiet = { ...COUNTS, leaderMessagesPerWrite: topology === 'seven' ? 8 : 6 };
      return [
        row('writeThroughput', topology, CONDITIONS.healthy, around(1_000), { counts: quiet }),
        row('writeThroughput', topology, CONDITIONS.readsBeside, beside, { counts: of }),
      ];
    }),
    row('writeThroughput', 'fiveMasters', CONDITIONS.healthy, around(1_000), { counts: BEHIND_MASTERS }),
    row('writeThroughput', 'fiveMasters', CONDITIONS.readsBeside, beside, { counts: BEHIND_MASTERS }),
  ];
  assert.is(judged(readsLeaveWrites, planted(around(970))).verdict, 'holds');
  assert.is(judged(readsLeaveWrites, planted(around(600))).verdict, 'fails');
  assert.is(judged(readsLeaveWrites, planted(around(820, { spread: 0.3 }))).verdict, 'not shown here');
  const chatty = judged(readsLeaveWrites, planted(around(970), { ...COUNTS, leaderMessagesPerWrite: 7 }));
  assert.is(chatty.verdict, 'fails');
  assert.match(
    chatty.reason,
    /The exact counts say: beside reads, with 3 voters and 2 observers, the leader sent 7/,
  );
  const unread = planted([]).map(each => (each.values!.length > 0 ? each : { ...each, voidRounds: 6 }));
  assert.match(judged(readsLeaveWrites, unread).reason, /6 of 6 rounds of write throughput of five/);
});

test('L11 and L12: a millisecond at the leader, two behind a master', () => {
  for (const [claim, metric, at, through, limitMs] of [
    [
      writeThroughObserver,
      'loneWriteLatencyP50',
      CONDITIONS.singleAtFollower,
      CONDITIONS.singleAtObserver,
      1,
    ],
    [observersShowWritesSoon, 'stalenessMs', CONDITIONS.seenAtFollower, CONDITIONS.seenAtObserver, 1],
  ] as const) {
    const verdictOf = (direct: number, masters: number, spread = 0.01) => {
      const later = (ms: number) => around(2).map((value, index) => value + ms + spread * (index - 2.5));
      return judged(claim, [
        ...['five', 'seven', 'fiveMasters'].map(topology => row(metric, topology, at, around(2))),
        row(metric, 'five', through, later(direct)),
        row(metric, 'seven', through, later(direct)),
        row(metric, 'fiveMasters', through, later(masters)),
      ]);
    };
    assert.is(verdictOf(limitMs / 2, limitMs * 1.5).verdict, 'holds', claim.id);
    assert.is(verdictOf(limitMs * 1.5, limitMs / 2).verdict, 'fails', claim.id);
    assert.is(verdictOf(-0.1, limitMs * 2.5).verdict, 'fails', claim.id);
    assert.is(verdictOf(limitMs / 2, limitMs, 2).verdict, 'not shown here', claim.id);
    assert.match(verdictOf(-0.1, limitMs * 2.5).reason, /behind observer masters/);
    assert.is(judged(claim, []).verdict, 'not shown here', claim.id);
  }
});

test('L13: at most five transactions more than at a follower', () => {
  const verdictOf = (more: number) =>
    judged(observersLackFewWrites, [
      ...['five', 'seven', 'fiveMasters'].flatMap(topology => [
        row('zxidsBehind', topology, CONDITIONS.seenAtFollower, around(1)),
        row('zxidsBehind', topology, CONDITIONS.seenAtObserver, around(1 + more)),
      ]),
    ]);
  assert.is(verdictOf(1).verdict, 'holds');
  assert.is(verdictOf(20).verdict, 'fails');
  assert.match(verdictOf(20).reason, /a read at an observer lacked 20 zxids more than one at a follower/);
});

const VOTERS = {
  leaderMessagesPerWrite: 4,
  leaderBytesPerWrite: 416,
  acksToLeaderPerWrite: 2,
  leaderConnections: 2,
};

test('001-2: ready for observers, the voters must write as much, for the same messages, bytes and connections', () => {
  const verdictOf = (values: Values, counts: Record<string, number> = VOTERS) =>
    judged(unusedMasters, [
      row('writeThroughput', 'three', CONDITIONS.healthy, around(1_000), { counts: VOTERS }),
      row('writeThroughput', 'ready', CONDITIONS.healthy, values, { counts }),
    ]);
  const same = verdictOf(around(1_000));
  assert.is(same.verdict, 'holds', same.reason);
  assert.match(same.warnings.join(), /both sides run the same program/);
  assert.is(verdictOf(around(750)).verdict, 'fails');
  assert.is(verdictOf(around(920, { spread: 0.3 })).verdict, 'not shown here');
  for (const [counts, reason] of [
    [
      { ...VOTERS, leaderMessagesPerWrite: 5 },
      /the leader sent 5 messages per write, and the protocol needs 4/,
    ],
    [{ ...VOTERS, leaderBytesPerWrite: 500 }, /the leader sent 500 bytes per write, and 416 without it/],
    [{ ...VOTERS, leaderConnections: 3 }, /the leader had 3 learners, and 2 without it/],
  ] as const) {
    const more = verdictOf(around(1_000), counts);
    assert.is(more.verdict, 'fails');
    assert.match(more.reason, reason);
  }
  assert.is(judged(unusedMasters, []).verdict, 'not shown here');
});

test('L18: a leader that is ready for observers may use 5 % more CPU per write, and no message', () => {
  const verdictOf = (us: Values, counts: Record<string, number> = VOTERS) =>
    judged(unusedMastersCpu, [
      row('writeThroughput', 'three', CONDITIONS.healthy, around(1_000), { counts: VOTERS }),
      row('writeThroughput', 'ready', CONDITIONS.healthy, around(1_000), { counts }),
      row('leaderCpuPerWrite', 'three', CONDITIONS.steadyWrites, around(60)),
      row('leaderCpuPerWrite', 'ready', CONDITIONS.steadyWrites, us),
    ]);
  assert.is(verdictOf(around(60)).verdict, 'holds');
  assert.is(verdictOf(around(66)).verdict, 'fails', 'a leader that spins a tenth more');
  assert.is(verdictOf(around(63, { spread: 0.3 })).verdict, 'not shown here');
  assert.is(verdictOf(around(60), { ...VOTERS, leaderMessagesPerWrite: 5 }).verdict, 'fails');
  assert.is(judged(unusedMastersCpu, []).verdict, 'not shown here');
});
