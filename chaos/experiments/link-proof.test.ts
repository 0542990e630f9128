import { assert, suite } from '#test';
import { linkUse, offTheLimit } from './link-proof.ts';

const test = suite('chaos/experiments: proof of bandwidth');

test('the use of a link is its bytes against what its bandwidth lets through in that time', () => {
  assert.is(linkUse(12_500_000, '100mbit', 1_000), 1);
  assert.is(linkUse(12_500_000, '100mbit', 2_000), 0.5);
});

test('a transfer that the link bounded counts', () => {
  for (const use of [0.8, 0.97, 1.1]) assert.equal(offTheLimit(use, true), []);
});

test('planted: a bandwidth that was not applied voids the window', () => {
  const use = linkUse(100e6, '100mbit', 1_000);
  for (const isBound of [true, false])
    assert.equal(offTheLimit(use, isBound), [
      'the link carried 800 % of its bandwidth: the limit was not in force',
    ]);
});

test('a link with room left was not the bound, unless the transfer was too short to be bounded', () => {
  assert.match(String(offTheLimit(0.79, true)), /used 79 % of its bandwidth, at least 80 % are needed/);
  assert.is(offTheLimit(Number.NaN, true).length, 1, 'what was not measured proves nothing');
  assert.equal(offTheLimit(0.79, false), []);
});
