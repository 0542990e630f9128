import { assert, suite } from '#test';
import { standingOf } from '../../results/verdicts.ts';
import type { Round } from '../peer/servers.ts';
import { ownWaitOf } from './fairness-round.ts';
import { judgeOwnWaits } from './own-wait.ts';

const test = suite('fairness: what the server itself makes a client wait');

const NAMES = { first: 'zklab', second: 'apache' };
const METRIC = ownWaitOf('largeWrites');

function roundsOf(waits: readonly (number | undefined)[]): Round[] {
  return waits.map(ms => ({
    readings: ms === undefined ? {} : { [METRIC]: ms },
    voidReasons: [],
    driverLagMs: 0,
  }));
}

function judged(first: readonly (number | undefined)[], second = first, cannot?: string) {
  const rounds = { first: roundsOf(first), second: roundsOf(second) };
  return judgeOwnWaits({ neighbours: ['largeWrites'], rounds, names: NAMES, cannot });
}

test('the interval of the rounds decides: below 20 ms it holds, above it fails, else nothing is shown', () => {
  for (const [waits, verdict] of [
    [[6, 7, 8, 7, 6], 'holds'],
    [[41, 43, 40, 42, 44], 'fails'],
    [[12, 30, 18, 25, 9], 'not shown here'],
  ] as const) {
    const [ours] = judged(waits);
    assert.is(ours!.verdict, verdict, ours!.reason);
    assert.match(ours!.reason, /^99 of 100 reads were answered within .*5 rounds\)/);
    assert.equal(ours!.evidence, [`${METRIC} zklab`]);
  }
});

test('four rounds decide nothing, and a round without a reading is not one of them', () => {
  const [ours] = judged([6, 7, undefined, 8, 7]);
  assert.is(ours!.verdict, 'not shown here');
  assert.match(ours!.reason, /4 rounds\)\. A verdict needs at least 5 rounds/);
  assert.is(judged([undefined])[0]!.verdict, 'void');
});

test('each server has a verdict of its own, and only ours fails the run', () => {
  const [ours, apaches] = judged([6, 7, 8, 7, 6], [300, 320, 310, 290, 305]);
  assert.equal(
    [ours, apaches].map(claim => standingOf(claim!)),
    ['holds', 'known failure'],
  );
});

test('where nothing can be preferred nothing is shown, and the reason says why', () => {
  const [ours] = judged([], [], 'chrt (util-linux) is not on the PATH');
  assert.is(ours!.verdict, 'not shown here');
  assert.match(ours!.reason, /chrt \(util-linux\) is not on the PATH/);
});
