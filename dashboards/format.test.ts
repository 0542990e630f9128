import { assert, suite } from '#test';
import {
  formatBytes,
  formatDuration,
  formatEstimate,
  formatNumber,
  formatSummary,
  formatUnit,
} from './format.ts';

const test = suite('dashboards: format');

test('numbers have three digits, no decimals above 1,000, a real minus sign, and never minus zero', () => {
  const table: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [0.012345, '0.0123'],
    [9.876, '9.88'],
    [1234.5, '1,235'],
    [-5.5, '−5.5'],
    [1e6, '1,000,000'],
  ];
  for (const [value, text] of table) assert.is(formatNumber(value), text);
});

test('no number without its n, with or without an interval', () => {
  const estimate = { value: 12, low: 10, high: 14, n: 6, unit: 'ms' };
  assert.is(formatEstimate(estimate), '12 ms (10–14, n 6)');
  assert.is(formatEstimate({ ...estimate, low: null }), '12 ms (n 6)');
  assert.is(formatEstimate({ ...estimate, low: -1 }), '12 ms (−1 to 14, n 6)');
  assert.is(formatEstimate({ ...estimate, n: 5, confidence: 0.9375 }), '12 ms (10–14 at 94 %, n 5)');
  assert.is(
    formatSummary({ median: null, low: null, high: null, n: 0, warnings: [] }, 'ms'),
    'no sample (n 0)',
  );
});

test('a single thing has no plural', () => {
  assert.is(formatUnit(1, 'messages'), '1 message');
  assert.is(formatUnit(2, 'messages'), '2 messages');
  assert.is(formatUnit(1, 'ms'), '1 ms');
});

test('duration and bytes', () => {
  assert.equal(
    [formatDuration(59_000), formatDuration(521_000), formatDuration(7_260_000)],
    ['59 s', '8 min 41 s', '2 h 1 min'],
  );
  assert.equal([formatBytes(0), formatBytes(1023), formatBytes(8 * 1024 ** 3)], ['0 B', '1,023 B', '8 GiB']);
});
