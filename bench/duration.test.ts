import { assert, suite } from '#test';
import { duration, durationText } from './duration.ts';

const test = suite('command line: times');

test('times are read with their unit', () => {
  const parse = duration(1, 86_400_000);
  for (const [text, ms] of [
    ['1ms', 1],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
  ] as const)
    assert.is(parse(text), ms);
});

test('what is no time, or out of bounds, is refused with what is accepted', () => {
  const parse = duration(100, 60_000);
  for (const text of ['', '10', 's', '-1s', '10 s', '10sec', '99ms', '2h', '1e3s'])
    assert.throws(() => parse(text), /\(500ms, 10s, 2m\) from 100ms to 1m is accepted/);
});

test('a time is said in its largest whole unit', () => {
  assert.equal([1, 1_500, 2_000, 60_000, 90_000, 3_600_000].map(durationText), [
    '1ms',
    '1500ms',
    '2s',
    '1m',
    '90s',
    '1h',
  ]);
  assert.is(durationText(7_439_999.867943), '124m');
  assert.is(durationText(0.4), '1s');
});
