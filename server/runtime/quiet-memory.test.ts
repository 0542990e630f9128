import { constants, PerformanceObserver } from 'node:perf_hooks';
import { assert, suite } from '#test';
import { type Collection, collector, QuietWatch, WHOLE_HEAP_BYTES_MAX } from './quiet-memory.ts';

const test = suite('runtime: memory of a quiet server');

const QUIET = 0.005;
const BUSY = 0.3;

function collectionsOf(watch: QuietWatch, shares: readonly number[], heapBytes = 0): string {
  return shares.map(cpu => watch.next(cpu, heapBytes)?.charAt(0) ?? '-').join('');
}

const quietChecks = (count: number) => Array.from({ length: count }, () => QUIET);

test('a server under load is never interrupted', () => {
  assert.is(collectionsOf(new QuietWatch(), [BUSY, BUSY, BUSY, BUSY, BUSY]), '-----');
});

test('after the load there are three collections and no more, until the next load', () => {
  const watch = new QuietWatch();
  assert.is(collectionsOf(watch, quietChecks(6)), 'w-wy--');
  assert.is(collectionsOf(watch, [BUSY, ...quietChecks(6)]), '-w-wy--');
});

test('a load that returns cancels the collections behind the first', () => {
  assert.is(collectionsOf(new QuietWatch(), [QUIET, QUIET, BUSY]), 'w--');
});

test('the whole of a large heap is never collected: clients of a large tree would see the pause', () => {
  assert.is(collectionsOf(new QuietWatch(), quietChecks(6), WHOLE_HEAP_BYTES_MAX + 1), 'y-yy--');
});

test('a collection is of the kind that was asked for', async () => {
  const collect = collector();
  const kindsOf = (what: Collection) => {
    const kinds = new Promise<number[]>(resolve => {
      const observer = new PerformanceObserver(list => {
        observer.disconnect();
        resolve(
          list.getEntries().map(entry => (entry as unknown as { detail: { kind: number } }).detail.kind),
        );
      });
      observer.observe({ entryTypes: ['gc'] });
    });
    collect(what);
    return kinds;
  };
  const isWhole = async (what: Collection) =>
    (await kindsOf(what)).includes(constants.NODE_PERFORMANCE_GC_MAJOR);
  assert.equal([await isWhole('young'), await isWhole('whole')], [false, true]);
});
