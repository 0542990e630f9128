import { assert, suite } from '#test';
import { plantedResult, TOPOLOGIES } from '../claims/claims.test-kit.ts';
import { judgeAll } from '../claims/judging/judge-all.ts';
import { observersNeverAck } from '../claims/observers-never-ack.ts';
import { Recorder } from './recorder.ts';

const test = suite('chaos/experiments: the recorder');

const healthy = (topology: string) => ({ metric: 'writeThroughput', topology, condition: 'healthy' });

function countedOver(acksFromObservers: readonly number[]) {
  const recorder = new Recorder();
  for (const { name } of TOPOLOGIES)
    for (const [round, acks] of acksFromObservers.entries()) {
      recorder.sample(healthy(name), round, 1_000 + round);
      recorder.counts(healthy(name), { acksFromObservers: acks, acksToLeaderPerWrite: 2 + round / 100 });
    }
  return recorder.measured();
}

test('000-4: one ack of an observer in one round of six is not hidden by a median', () => {
  const verdictOf = (acks: readonly number[]) =>
    judgeAll([observersNeverAck], { ...plantedResult([]), ...countedOver(acks) })[0]!.verdict;
  assert.is(verdictOf([0, 0, 0, 0, 0, 0]), 'holds');
  assert.is(verdictOf([0, 0, 0, 1, 0, 0]), 'fails');
});

test('totals add up over rounds, counts per write have a median', () => {
  const [measurement] = countedOver([0, 1, 2]).measurements;
  assert.equal(measurement!.exactCounts, { acksFromObservers: 3, acksToLeaderPerWrite: 2.01 });
});

test('a message too many in one round is a warning, although the median hides it', () => {
  const recorder = new Recorder();
  for (const leaderMessagesPerWrite of [4, 8, 4.01])
    recorder.counts(healthy('voters'), {
      leaderMessagesPerWrite,
      leaderBytesPerWrite: 100 * leaderMessagesPerWrite,
    });
  assert.equal(recorder.measured().measurements[0]!.summary.warnings, [
    'leaderMessagesPerWrite was 8 in 1 of 3 rounds, and 4.01 in the median round',
  ]);
});

test('a sample says which fresh ensemble it was measured on, where there are several', () => {
  const recorder = new Recorder();
  recorder.sample(healthy('voters'), 0, 10, 0);
  recorder.sample(healthy('voters'), 1, 20, 1);
  assert.equal(recorder.measured().measurements[0]!.samples, [
    { round: 0, value: 10, start: 0 },
    { round: 1, value: 20, start: 1 },
  ]);
});

test('a round that is voided later loses its sample, and its warning names it', () => {
  const recorder = new Recorder();
  recorder.sample(healthy('voters'), 0, 10);
  recorder.sample(healthy('voters'), 1, 20);
  recorder.voided(healthy('voters'), 1, 'blackhole did not bite');
  recorder.warned(healthy('voters'), 0, 'members lagged');
  const { samples, summary } = recorder.measured().measurements[0]!;
  assert.equal(samples, [{ round: 0, value: 10 }]);
  assert.equal(summary.warnings, ['void round 2: blackhole did not bite', 'round 1: members lagged']);
});
