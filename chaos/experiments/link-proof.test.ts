import { assert, suite } from '#test';
import { linkUse, offTheLimit, underTheLimit } from './link-proof.ts';

const test = suite('chaos/experiments: proof of bandwidth');

const SEEN = { use: 0.97, unlimited: [], idle: 0.5 };

test('the use of a link is its bytes against what its bandwidth lets through in that time', () => {
  assert.is(linkUse(12_500_000, '100mbit', 1_000), 1);
  assert.is(linkUse(12_500_000, '100mbit', 2_000), 0.5);
});

test('a transfer that the link bounded counts', () => {
  for (const use of [0.8, 0.97, 1.1]) {
    assert.equal(offTheLimit({ ...SEEN, use, idle: 0 }, true), []);
    assert.is(underTheLimit(use), undefined);
  }
});

test('planted: a bandwidth that was not applied voids the window', () => {
  const use = linkUse(100e6, '100mbit', 1_000);
  for (const isBound of [true, false])
    assert.equal(offTheLimit({ ...SEEN, use }, isBound), [
      'the link carried 800 % of its bandwidth: the limit was not in force',
    ]);
});

test('planted: a limit that tc no longer has voids the window, however slow the transfer was', () => {
  for (const use of [0.3, 0.97])
    assert.equal(offTheLimit({ ...SEEN, use, unlimited: ['v1', 'v2'] }, true), [
      'the links of v1, v2 had no limit any more',
    ]);
});

test('planted: members that are slower than their links are a finding, and no void', () => {
  assert.equal(offTheLimit({ ...SEEN, use: 0.3 }, true), []);
  assert.equal(offTheLimit({ ...SEEN, use: 0.3, idle: undefined }, true), []);
  assert.match(
    String(underTheLimit(0.3)),
    /^the link used 30 % of its bandwidth, so the members were slower/,
  );
});

test('a machine without a free core is what bounded a transfer below the limit, unless it was short', () => {
  const busy = { ...SEEN, use: 0.79, idle: 0.05 };
  assert.match(
    String(offTheLimit(busy, true)),
    /used 79 % of its bandwidth while the machine was idle for 5 % of the time/,
  );
  assert.equal(offTheLimit(busy, false), []);
  assert.is(
    offTheLimit({ ...SEEN, use: Number.NaN }, true).length,
    1,
    'what was not measured proves nothing',
  );
});
