import { assert, suite } from '#test';
import { SERIES } from '../../results/names.ts';
import type { HistoryEvent } from '../checkers/history.ts';
import { timelineOfHistory } from './timeline-of-history.ts';

const test = suite('chaos/schedules: timelines');
const START = Date.parse('2026-08-01T02:30:00.000Z');
const AT = { topology: 'voters', condition: 'smoke', startedAt: START };

async function* chapters(...histories: HistoryEvent[][]): AsyncGenerator<HistoryEvent[]> {
  yield* histories;
}

/** Operations in the order of their completion: when each began, when it ended, and how. */
function historyOf(
  ...operations: readonly (readonly ['setData' | 'getData', number, number, 'ok' | 'fail' | 'info'])[]
): HistoryEvent[] {
  const events = operations.flatMap(([f, fromMs, toMs, type], operation): HistoryEvent[] => {
    const event = { process: 1, operation, f, path: '/a', session: '0x1', index: 0 };
    return [
      { ...event, type: 'invoke', timeMs: fromMs },
      { ...event, type, timeMs: toMs },
    ];
  });
  return events.sort((a, b) => a.timeMs - b.timeMs).map((event, index) => ({ ...event, index }));
}

test('writes count when they end; an unknown outcome is a failure, a refusal is an answer, and reads do not count', async () => {
  const history = historyOf(
    ['setData', 0, 10, 'ok'],
    ['setData', 5, 60, 'fail'],
    ['getData', 5, 70, 'ok'],
    ['setData', 20, 110, 'info'],
    ['setData', 120, 160, 'ok'],
  );
  const timeline = (await timelineOfHistory(chapters(history), 160, [], AT))!;
  const series = Object.fromEntries(timeline.series.map(({ name, values }) => [name, values]));
  assert.is(timeline.bucketMs, 50);
  assert.equal(series[SERIES.done], [20, 20, 0]);
  assert.equal(series[SERIES.failed], [0, 0, 20]);
  assert.is(timeline.startedAt, '2026-08-01T02:30:00.000Z');
});

test('faults are on the clock of the history', async () => {
  const span = {
    ...{ fault: 'kill', links: ['v1'], on: 'v1', proof: 'refused' },
    ...{ injectedAt: START + 40, bittenAt: START + 50, healedAt: START + 90 },
  };
  const history = historyOf(['setData', 0, 160, 'ok']);
  const [band] = (await timelineOfHistory(chapters(history), 160, [span], AT))!.bands;
  assert.equal([band?.fromMs, band?.bittenMs, band?.toMs], [40, 50, 90]);
});

test('chapters are on one clock, one behind the other', async () => {
  const histories = chapters(historyOf(['setData', 0, 10, 'ok']), historyOf(['setData', 110, 120, 'ok']));
  const { series } = (await timelineOfHistory(histories, 150, [], AT))!;
  assert.equal(series.find(({ name }) => name === SERIES.done)?.values, [20, 0, 20]);
});

test('a history without a whole bucket has no timeline', async () => {
  assert.is(await timelineOfHistory(chapters(), 0, [], AT), undefined);
});
