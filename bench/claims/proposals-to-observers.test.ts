import { assert, suite } from '#test';
import { HEARING_ENSEMBLES, sizedCondition } from '../../results/names.ts';
import { plantedResult, plantedTopology } from './claims.test-kit.ts';
import { Evidence } from './judging/evidence.ts';
import { proposalsToObservers } from './proposals-to-observers.ts';

const test = suite('bench/claims: proposals to observers');
const TOPOLOGIES = Object.values(HEARING_ENSEMBLES).map(name => ({
  ...plantedTopology(name, 3, 2),
  experiment: 'proposals',
}));
const SIZES = [100, 10_000];

function countsOf(size: number, messages: number) {
  return {
    observerMessagesPerWrite: messages,
    observerBytesPerWrite: size + 90 + (messages - 1) * 20,
    leaderMessagesPerWrite: 4 + 2 * messages,
    leaderBytesPerWrite: 4 * size,
    observerFsyncsPerWrite: 1,
    acksFromObservers: 0,
  };
}

/** `change` of the largest size with proposals. */
function judged(change: Readonly<Record<string, number>> = {}) {
  const planted = SIZES.flatMap(size =>
    [HEARING_ENSEMBLES.results, HEARING_ENSEMBLES.proposals].map((topology, at) => ({
      metric: 'countedOperations',
      topology,
      condition: sizedCondition(size),
      values: [500],
      counts: { ...countsOf(size, at + 1), ...(at === 1 && size === SIZES.at(-1) ? change : {}) },
    })),
  );
  return proposalsToObservers.judge(new Evidence(plantedResult(planted, TOPOLOGIES)));
}

test('000-9: one COMMIT more for each write holds, and the reason has every size', () => {
  const { verdict, reason } = judged();
  assert.is(verdict, 'holds', reason);
  assert.match(reason, /at 100 bytes, 2 instead of 1 messages, 210 instead of 190 bytes \(10\.5 ?%\)/);
  assert.match(reason, /at 10,?000 bytes, 2 instead of 1 messages, 10,?110 instead of 10,?090 bytes/);
});

test('000-9, planted: the transaction sent twice, a third message, one message alone and an ack each fail', () => {
  for (const [change, said] of [
    [{ observerBytesPerWrite: 20_180 }, /20,?180 instead of 10,?090 bytes/],
    [{ observerMessagesPerWrite: 3 }, /3 instead of 1 messages/],
    [{ observerMessagesPerWrite: 1 }, /1 instead of 1 messages/],
    [{ acksFromObservers: 7 }, /and 7 acks/],
  ] as const) {
    const { verdict, reason } = judged(change);
    assert.is(verdict, 'fails', reason);
    assert.match(reason, said);
  }
});

test('000-9: a run without both ensembles, and servers that do not count, show nothing', () => {
  assert.is(proposalsToObservers.judge(new Evidence(plantedResult([]))).verdict, 'not shown here');
});
