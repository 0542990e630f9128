import { assert, suite } from '#test';
import { CONDITIONS, observerLatencyCondition } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import { around, type Planted, plantedResult } from './claims.test-kit.ts';
import { CLAIMS, chooseClaims } from './index.ts';
import { judgeAll } from './judging/judge-all.ts';
import { livenessAfterHeal } from './liveness-after-heal.ts';
import { lostObserversLeaveWrites, lostVoterLeavesWrites } from './lost-members.ts';
import { mastersSyncSooner } from './masters-sync-sooner.ts';
import { membersStayUp } from './members-stay-up.ts';
import { neighboursLeaveReads } from './neighbours-leave-reads.ts';
import { readsThroughLeaderLoss, readsThroughQuorumLoss } from './reads-through-outage.ts';
import { observerLatencyLeavesWrites, readsAreLocal } from './slow-observer-links.ts';

const test = suite('bench/claims: judges of claims under faults');

function verdictOf(claim: Claim, planted: readonly Planted[]): string {
  return judgeAll([claim], plantedResult(planted))[0]!.verdict;
}

/** The same series in every topology of `topologies`, under a condition and under its control. */
function under(
  metric: string,
  condition: string,
  healthy: readonly number[],
  faulty: readonly number[],
  topologies = ['observers', 'masters'],
): Planted[] {
  const control = condition === CONDITIONS.observersBlackholed && { condition: CONDITIONS.withoutTheCut };
  return topologies.flatMap(topology => [
    { metric, topology, values: healthy, ...control },
    { metric, topology, condition, values: faulty },
  ]);
}

test('004-6 and 004-8: within 0.2 ms holds, 4.5 ms or a wait for the link fails, a wide spread shows nothing', () => {
  for (const [claim, metric] of [
    [observerLatencyLeavesWrites, 'writeLatencyP50'],
    [readsAreLocal, 'readLatencyP50'],
  ] as const) {
    const verdict = (values: readonly number[]) =>
      verdictOf(claim, under(metric, CONDITIONS.observerLatency, around(2), values));
    assert.is(verdict(around(2.1)), 'holds');
    assert.is(verdict(around(6.5)), 'fails');
    assert.is(verdict(around(1.5)), 'fails', 'unchanged is not faster either');
    assert.is(verdict(around(42)), 'fails');
    assert.is(verdict(around(2.1, { spread: 0.5 })), 'not shown here');
  }
});

test('004-6 and 004-8: the latency is that of the suite, and the sentence says how much longer a round trip took', () => {
  const condition = observerLatencyCondition({ ms: 50, jitterMs: 10 });
  assert.is(condition, 'observer latency 50±10 ms');
  for (const [claim, metric] of [
    [observerLatencyLeavesWrites, 'writeLatencyP50'],
    [readsAreLocal, 'readLatencyP50'],
  ] as const) {
    const [judged] = judgeAll([claim], plantedResult(under(metric, condition, around(2), around(102))));
    assert.is(judged!.verdict, 'fails');
    assert.match(judged!.reason, /took 100 ms more/);
  }
});

test('004-5: every topology must keep two thirds of the healthy writes; one bad topology fails the claim', () => {
  const verdict = (observers: number, masters: number) =>
    verdictOf(lostObserversLeaveWrites, [
      ...under('writeThroughput', CONDITIONS.observersBlackholed, around(1000), around(observers), [
        'observers',
      ]),
      ...under('writeThroughput', CONDITIONS.observersBlackholed, around(1000), around(masters), ['masters']),
    ]);
  assert.is(verdict(1000, 1000), 'holds');
  assert.is(verdict(1000, 450), 'fails');
  assert.is(verdict(1000, 1000 * (2 / 3)), 'not shown here', 'at the margin');
});

test('000-2: with one voter lost every topology, including voters alone, must keep half of the writes', () => {
  const verdict = (share: number) =>
    verdictOf(
      lostVoterLeavesWrites,
      under('writeThroughput', CONDITIONS.oneVoterBlackholed, around(1000), around(1000 * share), [
        'voters',
        'observers',
        'masters',
        'voters5',
      ]),
    );
  assert.is(verdict(0.9), 'holds');
  assert.is(verdict(0.2), 'fails');
});

test('a fault that did not bite in most rounds makes the claim void', () => {
  const planted = under('writeThroughput', CONDITIONS.observersBlackholed, around(1000), around(1000));
  const unbitten = planted.map(each =>
    each.condition === CONDITIONS.withoutTheCut ? each : { ...each, values: [], voidRounds: 6 },
  );
  assert.is(verdictOf(lostObserversLeaveWrites, unbitten), 'void');
});

test('004-18: the last learner must be shown to serve sooner', () => {
  const verdict = (masters: readonly number[]) =>
    verdictOf(mastersSyncSooner, [
      {
        metric: 'syncLastLearnerMs',
        topology: 'observers',
        condition: CONDITIONS.leaderKilled,
        values: around(1000),
      },
      {
        metric: 'syncLastLearnerMs',
        topology: 'masters',
        condition: CONDITIONS.leaderKilled,
        values: masters,
      },
    ]);
  assert.is(verdict(around(600)), 'holds');
  assert.is(verdict(around(1500)), 'fails');
  assert.is(verdict(around(1000, { spread: 0.5 })), 'not shown here');
  assert.is(verdict([]), 'void');
});

test('003-3 and 003-4: one silent observer fails the claim; a thousandth of lost reads may be the machine', () => {
  for (const [claim, condition] of [
    [readsThroughQuorumLoss, CONDITIONS.quorumLost],
    [readsThroughLeaderLoss, CONDITIONS.leaderCut],
  ] as const) {
    const planted = (values: readonly number[], voidRounds = 0): Planted[] =>
      ['observers', 'masters'].map(topology => ({
        metric: 'observerReadAvailability',
        topology,
        condition,
        values,
        voidRounds,
      }));
    assert.is(verdictOf(claim, planted([100, 99.95])), 'holds');
    assert.is(verdictOf(claim, planted([100, 80])), 'fails');
    assert.is(verdictOf(claim, planted([], 2)), 'void');
    assert.is(verdictOf(claim, []), 'not shown here');
  }
});

test('a known failure of one server is none of the others', () => {
  const metric = 'observerReadAvailability';
  const planted = [{ metric, topology: 'observers', condition: CONDITIONS.quorumLost, values: [0] }];
  const masters = [{ ...planted[0]!, topology: 'masters' }];
  const knownOf = (implementation: 'zklab' | 'apache') => {
    const result = plantedResult([...planted, ...masters]);
    const server = { implementation, version: '' };
    const environment = { ...result.environment, server };
    return judgeAll([readsThroughQuorumLoss], { ...result, environment })[0]!;
  };
  assert.is(knownOf('apache').verdict, 'fails');
  assert.match(knownOf('apache').known ?? '', /ZOOKEEPER-1607/);
  assert.is(knownOf('zklab').verdict, 'fails');
  assert.is(knownOf('zklab').known, undefined);
});

test('L1: a heal after which no write committed fails the claim', () => {
  const heal = (more: Partial<Planted>): Planted[] => [
    { metric: 'writeAfterHeal', topology: 'voters', condition: CONDITIONS.leaderKilled, ...more },
  ];
  assert.is(verdictOf(livenessAfterHeal, heal({ values: [5, 900] })), 'holds');
  assert.is(verdictOf(livenessAfterHeal, heal({ values: [5], voidRounds: 1 })), 'fails');
  assert.is(verdictOf(livenessAfterHeal, []), 'not shown here');
});

test('L2: reads may take 20 ms longer beside neighbours than with them elsewhere; an unanswered client fails the claim', () => {
  const at = (condition: string, values: readonly number[]): Planted => ({
    metric: 'quietReadP99',
    topology: 'voters',
    condition,
    values,
  });
  const verdict = (beside: readonly number[]) =>
    verdictOf(neighboursLeaveReads, [
      at(CONDITIONS.greedyElsewhere, around(3)),
      at(CONDITIONS.greedyNeighbours, beside),
    ]);
  assert.is(verdict(around(12)), 'holds');
  assert.is(verdict(around(400)), 'fails');
  assert.is(verdict(around(2_800, { spread: 0 })), 'fails');
  assert.is(verdict(around(23, { spread: 0.5 })), 'not shown here');
});

test('L5: a member that ended by itself fails the claim and is named; an old result shows nothing, nor does an empty one', () => {
  const death = {
    ...{ topology: 'masters', member: 'o1', role: 'observer' as const, at: '2026-08-01T02:30:00Z' },
    ...{ exit: 'signal SIGKILL', during: 'writes, healthy, round 2', logEnd: 'the end' },
  };
  const measured = [{ metric: 'writeThroughput', topology: 'masters', values: [1] }];
  const judged = (deaths?: (typeof death)[], planted: readonly Planted[] = measured) =>
    judgeAll([membersStayUp], { ...plantedResult(planted), ...(deaths && { deaths }) })[0]!;
  assert.is(judged([]).verdict, 'holds');
  assert.is(judged([], []).verdict, 'not shown here', 'nobody was started');
  assert.is(judged().verdict, 'not shown here');
  const { verdict, reason } = judged([death, death, death, death]);
  assert.is(verdict, 'fails');
  assert.match(
    reason,
    /^Member o1 of masters ended with signal SIGKILL during writes, healthy, round 2\. Member/,
  );
  assert.match(reason, /So did 1 more\.$/);
});

test('ids are unique, and --only accepts nothing else', () => {
  assert.is(new Set(CLAIMS.map(({ id }) => id)).size, CLAIMS.length);
  assert.equal(
    chooseClaims('003-3, 004-2').map(({ id }) => id),
    ['004-2', '003-3'],
  );
  assert.throws(() => chooseClaims('004-2,W9'), /unknown W9; accepted are 004-2/);
  assert.throws(() => chooseClaims(','), /none given/);
});
