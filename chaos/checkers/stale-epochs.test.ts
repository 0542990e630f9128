import { assert, suite } from '#test';
import { type EpochSample, StaleEpochs } from './stale-epochs.ts';

const test = suite('checkers: stale epochs');

const old: EpochSample = { timeMs: 0, member: 'zk1', serving: true, leading: true, epoch: 1, paused: false };
const next: EpochSample = { ...old, member: 'zk2', epoch: 2 };

test('a member that goes on serving in an old epoch is reported once, after the limit', () => {
  const checker = new StaleEpochs(1000);
  assert.is(checker.see(old), undefined);
  assert.is(checker.see(next), undefined);
  assert.is(checker.see({ ...old, timeMs: 100 }), undefined);
  assert.is(checker.see({ ...old, timeMs: 1100 }), undefined);
  assert.match(
    checker.see({ ...old, timeMs: 1101 }) ?? '',
    /zk1 has served in epoch 1 for 1001 ms since epoch 2 began/,
  );
  assert.is(checker.see({ ...old, timeMs: 1200 }), undefined);
});

test('a member that is paused, looks for a leader or has joined the new epoch is not reported', () => {
  for (const change of [{ paused: true }, { serving: false }, { epoch: 2 }]) {
    const checker = new StaleEpochs(1000);
    checker.see(next);
    checker.see({ ...old, timeMs: 100 });
    checker.see({ ...old, timeMs: 900, ...change });
    assert.is(checker.see({ ...old, timeMs: 1500 }), undefined, JSON.stringify(change));
  }
});
