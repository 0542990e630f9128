import { assert, suite } from '#test';
import { crowdCondition } from '../../results/names.ts';
import { around, type Planted, plantedResult, plantedTopology } from './claims.test-kit.ts';
import {
  hundredsOfObservers,
  mastersKeepTheLeaderSmall,
  mastersSpareTheLeader,
} from './hundreds-of-observers.ts';
import { judgeAll } from './judging/judge-all.ts';

const test = suite('claims: hundreds of observers');

const TOPOLOGIES = [plantedTopology('crowd', 3, 1), plantedTopology('crowdMasters', 3, 1, true)];
const SMALL = { leaderConnections: 2, leaderMessagesPerWrite: 4, leaderBytesPerWrite: 416 };

function row(topology: string, sinks: number, values: readonly number[], counts = SMALL): Planted {
  return { metric: 'writeLatencyP50', topology, condition: crowdCondition(sinks), values, counts };
}

/** The median write with 1,000 sinks does not count: the guide speaks of hundreds at the leader. */
function latencies(withHundreds: number): Planted[] {
  return [
    row('crowd', 0, around(3)),
    row('crowd', 300, around(withHundreds)),
    row('crowd', 1_000, around(400)),
  ];
}

test('004-17: holds while 300 observers cost less than 10 ms, and fails when they cost more', () => {
  const verdictOf = (ms: number) =>
    judgeAll([hundredsOfObservers], plantedResult(latencies(ms), TOPOLOGIES))[0]!.verdict;
  assert.is(verdictOf(6), 'holds');
  assert.is(verdictOf(13), 'not shown here');
  assert.is(verdictOf(40), 'fails');
});

test('L6, planted: a leader that sends more, or has more learners, for observers behind masters fails', () => {
  const verdictOf = (many: typeof SMALL) =>
    judgeAll(
      [mastersKeepTheLeaderSmall],
      plantedResult(
        [row('crowdMasters', 0, around(3)), row('crowdMasters', 1_000, around(3), many)],
        TOPOLOGIES,
      ),
    )[0]!.verdict;
  assert.is(verdictOf(SMALL), 'holds');
  assert.is(verdictOf({ ...SMALL, leaderConnections: 3 }), 'fails');
  assert.is(verdictOf({ ...SMALL, leaderMessagesPerWrite: 5 }), 'fails');
  assert.is(verdictOf({ ...SMALL, leaderBytesPerWrite: 600 }), 'fails');
});

test('a run without crowds shows neither', () => {
  const judged = judgeAll([hundredsOfObservers, mastersKeepTheLeaderSmall], plantedResult([], TOPOLOGIES));
  assert.equal(
    judged.map(({ verdict }) => verdict),
    ['not shown here', 'not shown here'],
  );
});

test('L14: the leader must use less CPU per write behind masters; crowds of other sizes are no pair', () => {
  const cpu = (topology: string, sinks: number, us: number): Planted[] => [
    row(topology, sinks, around(3)),
    { metric: 'leaderCpuPerWrite', topology, condition: crowdCondition(sinks), values: around(us) },
  ];
  const verdictOf = (planted: readonly Planted[]) =>
    judgeAll([mastersSpareTheLeader], plantedResult(planted, TOPOLOGIES))[0]!;
  assert.is(verdictOf([...cpu('crowd', 300, 900), ...cpu('crowdMasters', 300, 300)]).verdict, 'holds');
  assert.is(verdictOf([...cpu('crowd', 300, 300), ...cpu('crowdMasters', 300, 400)]).verdict, 'fails');
  assert.is(
    verdictOf([...cpu('crowd', 300, 300), ...cpu('crowdMasters', 300, 300)]).verdict,
    'not shown here',
  );
  const other = verdictOf([...cpu('crowd', 100, 900), ...cpu('crowdMasters', 300, 300)]);
  assert.match(other.reason, /^This run has no crowds of as many sink observers/);
});
