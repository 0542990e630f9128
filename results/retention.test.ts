import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { type KeptFolder, surplus } from './retention.ts';

const test = suite('results: retention');

const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;
const folder = (path: string, ageDays: number, bytes: number, isPinned = false): KeptFolder => ({
  path,
  at: NOW - ageDays * DAY_MS,
  bytes,
  isPinned,
});
const removed = (folders: readonly KeptFolder[], maxAgeDays: number, maxBytes: number) =>
  surplus(folders, { maxAgeMs: maxAgeDays * DAY_MS, maxBytes }, NOW).map(({ path }) => path);

test('what is too old goes, pinned or not', () => {
  assert.equal(removed([folder('a', 31, 1), folder('b', 29, 1), folder('c', 40, 1, true)], 30, 1_000), [
    'c',
    'a',
  ]);
});

test('what is too much goes oldest first, and no more than that', () => {
  assert.equal(removed([folder('new', 1, 60), folder('old', 3, 30), folder('older', 4, 30)], 30, 95), [
    'older',
  ]);
  assert.equal(removed([folder('new', 1, 60), folder('old', 3, 30), folder('older', 4, 30)], 30, 60), [
    'older',
    'old',
  ]);
});

test('a failure is kept, however large', () => {
  assert.equal(removed([folder('failed', 9, 900, true), folder('passed', 1, 10)], 30, 100), ['passed']);
});

test('what stays is within the limits, as far as it is not pinned', () => {
  const folders = fc.array(
    fc.record({ path: fc.string(), at: fc.nat(NOW), bytes: fc.nat(1_000), isPinned: fc.boolean() }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(folders, fc.nat(NOW), fc.nat(5_000), (all, maxAgeMs, maxBytes) => {
      const gone = surplus(all, { maxAgeMs, maxBytes }, NOW);
      const left = all.filter(each => !gone.includes(each));
      assert.ok(left.every(({ at }) => NOW - at <= maxAgeMs));
      const bytes = left.reduce((sum, each) => sum + each.bytes, 0);
      assert.ok(bytes <= maxBytes || left.every(({ isPinned }) => isPinned));
    }),
  );
});
