import { constants, PerformanceObserver } from 'node:perf_hooks';
import { assert, suite } from '#test';
import { minorCollector, QuietWatch } from './quiet-memory.ts';

const test = suite('runtime: memory of a quiet server');

const QUIET = 0.005;
const BUSY = 0.3;

function collectionsOf(watch: QuietWatch, shares: readonly number[]): string {
  return shares.map(cpu => (watch.next(cpu) ? 'x' : '-')).join('');
}

const quietChecks = (count: number) => Array.from({ length: count }, () => QUIET);

test('a server under load is never interrupted', () => {
  assert.is(collectionsOf(new QuietWatch(), [BUSY, BUSY, BUSY, BUSY, BUSY]), '-----');
});

test('after the load there are three collections and no more, until the next load', () => {
  const watch = new QuietWatch();
  assert.is(collectionsOf(watch, quietChecks(6)), 'x-xx--');
  assert.is(collectionsOf(watch, [BUSY, ...quietChecks(6)]), '-x-xx--');
});

test('a load that returns cancels the collections behind the first', () => {
  assert.is(collectionsOf(new QuietWatch(), [QUIET, QUIET, BUSY]), 'x--');
});

test('a collection is a minor one: a major one is a pause that clients of a large tree see', async () => {
  const kinds = new Promise<unknown[]>(resolve => {
    const observer = new PerformanceObserver(list => {
      observer.disconnect();
      resolve(list.getEntries().map(entry => (entry as unknown as { detail: { kind: number } }).detail.kind));
    });
    observer.observe({ entryTypes: ['gc'] });
  });
  minorCollector()();
  assert.ok((await kinds).includes(constants.NODE_PERFORMANCE_GC_MINOR));
});
