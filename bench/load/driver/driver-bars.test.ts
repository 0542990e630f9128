import { assert, suite } from '#test';
import { BARS, type DriverFigure, judgeFigure } from './driver-bars.ts';
import { presentFigures } from './driver-command.ts';

const test = suite('load: what the driver must be able to do');

function reads(...values: readonly number[]): DriverFigure {
  const bar = { low: BARS.readsPerSecondMin };
  return { what: 'reads', unit: 'per second', values, voidRounds: 0, bar };
}

function exitCodeOf(...figures: readonly DriverFigure[]): number {
  const terminal = { print() {}, progress() {}, json() {}, error() {}, end() {} };
  return presentFigures(terminal, figures, { json: false, endedEarly: false });
}

test('a bar is met or missed by the whole interval', () => {
  const fast = reads(300_000, 310_000, 290_000, 305_000, 295_000);
  const slow = reads(100_000, 101_000, 99_000, 100_500, 99_500);
  const either = reads(100_000, 220_000, 120_000, 210_000, 150_000);
  assert.equal(
    [fast, slow, either, reads()].map(figure => judgeFigure(figure).verdict),
    ['met', 'missed', 'not shown', 'not shown'],
  );
  assert.equal(
    [fast, slow, either].map(figure => exitCodeOf(figure)),
    [0, 1, 3],
  );
  assert.is(exitCodeOf(fast, slow, either), 1);
});

test('rounds that do not vary are enough, and what nobody promised has no verdict', () => {
  const late = { ...reads(0, 0, 0, 0, 0), bar: { high: BARS.offSchedulePercentMax } };
  assert.is(judgeFigure(late).verdict, 'met');
  const { bar: _, ...plain } = reads(1, 2, 3);
  assert.is(judgeFigure(plain).verdict, undefined);
  assert.is(exitCodeOf(plain), 0);
});
