import { assert, suite } from '#test';
import { QuietWatch } from './quiet-memory.ts';

const test = suite('runtime: memory of a quiet server');

const MIB = 2 ** 20;
const QUIET = 0.005;
const BUSY = 0.3;

function collectionsOf(watch: QuietWatch, shares: readonly number[], heapUsedBytes = 15 * MIB): string[] {
  return shares.map(cpu => watch.next(cpu, heapUsedBytes));
}

const quietChecks = (count: number) => Array.from({ length: count }, () => QUIET);

test('a server under load is never interrupted', () => {
  const found = collectionsOf(new QuietWatch(), [BUSY, BUSY, BUSY, BUSY, BUSY]);
  assert.ok(found.every(collection => collection === 'none'));
});

test('after the load there are three collections and no more, until the next load', () => {
  const watch = new QuietWatch();
  const once = ['minor', 'none', 'major', 'minor', 'none', 'none'];
  assert.equal(collectionsOf(watch, quietChecks(6)), once);
  assert.equal(collectionsOf(watch, [BUSY, ...quietChecks(6)]), ['none', ...once]);
});

test('a load that returns cancels the collections before the one that blocks the loop', () => {
  assert.equal(collectionsOf(new QuietWatch(), [QUIET, QUIET, BUSY]), ['minor', 'none', 'none']);
});

test('a large heap has no major collection, which would be a pause that clients see', () => {
  assert.not.ok(collectionsOf(new QuietWatch(), quietChecks(6), 65 * MIB).includes('major'));
});
