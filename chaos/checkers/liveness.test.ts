import { assert, suite } from '#test';
import type { HistoryEvent } from './history.ts';
import { firstWriteAfter, liveness } from './liveness.ts';
import { membersStayUp } from './members-stay-up.ts';

const test = suite('checkers: liveness after heal');

/** A write that began and ended at these times. Without an end its outcome is unknown. */
function write(operation: number, fromMs: number, toMs?: number, type: 'ok' | 'fail' = 'ok'): HistoryEvent[] {
  const event = {
    process: 1,
    operation,
    f: 'setData' as const,
    path: '/a',
    session: '0x1',
    index: operation,
  };
  const invoke: HistoryEvent = { ...event, type: 'invoke', timeMs: fromMs };
  return toMs === undefined ? [invoke] : [invoke, { ...event, type, timeMs: toMs }];
}

function judged(history: readonly HistoryEvent[], notServing?: string) {
  return liveness.check({ history, aftermath: { healedAtMs: 1_000, recoverMaxMs: 500, notServing } });
}

test('a write that begins after the heal and commits in time is valid', () => {
  assert.is(judged([...write(0, 900, 1_100), ...write(1, 1_200, 1_450)]).valid, 'valid');
  assert.is(firstWriteAfter([...write(0, 900, 1_100), ...write(1, 1_200, 1_450)], 1_000), 1_450);
});

test('planted: writes that began before the heal, were refused, were late or never answered do not count', () => {
  assert.match(judged(write(0, 999, 1_100)).reasons.join(), /no write committed within 500 ms/);
  assert.match(judged(write(0, 1_100, 1_200, 'fail')).reasons.join(), /no write committed/);
  assert.match(judged(write(0, 1_100)).reasons.join(), /no write committed/);
  assert.match(
    judged(write(0, 1_100, 1_501)).reasons.join(),
    /committed 501 ms after the last heal; at most 500 ms/,
  );
});

test('planted: a member that does not serve again is found', () => {
  const { valid, reasons } = judged(write(0, 1_100, 1_200), 'v2 is looking');
  assert.is(valid, 'invalid');
  assert.equal(reasons, ['v2 is looking']);
});

test('a member that ended by itself is named, and judged invalid', () => {
  const judged = (ended: readonly string[]) => membersStayUp.check({ deaths: { ended, members: 4 } });
  assert.is(judged([]).valid, 'valid');
  const { valid, reasons } = judged(['v2 ended by itself with signal SIGKILL']);
  assert.equal([valid, reasons], ['invalid', ['v2 ended by itself with signal SIGKILL']]);
});
