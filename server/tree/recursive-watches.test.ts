import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { EventType } from '../wire/watch-event.ts';
import { RecursiveWatches } from './recursive-watches.ts';
import { WatchManager, WatchMode } from './watch-manager.ts';
import { WatchMemory } from './watch-memory.ts';
import type { Watcher } from './watcher.ts';

const test = suite('tree: recursive watches');

const DEPTH = 3000;
const EVENTS = 100;

/** How often a Map is asked for something in `run`. */
function looksIn(run: () => void): number {
  const original = Map.prototype.get;
  let looks = 0;
  Map.prototype.get = function (this: Map<unknown, unknown>, key: unknown) {
    looks++;
    return original.call(this, key);
  };
  try {
    run();
  } finally {
    Map.prototype.get = original;
  }
  return looks;
}

test('field report B1: an event at a depth of thousands costs a few look-ups where few watches are recursive', () => {
  const watches = new WatchManager(new WatchMemory());
  let heard = 0;
  const ear: Watcher = { watchBytes: 0, process: () => heard++ };
  const deep = '/a'.repeat(DEPTH);
  for (const path of ['/', '/a/a', '/b', deep.slice(0, DEPTH), '/a/b/c']) {
    watches.add(path, ear, WatchMode.persistentRecursive);
  }
  const looks = looksIn(() => {
    for (let i = 0; i < EVENTS; i++) watches.trigger(`${deep}/${i}`, EventType.created, 1, OPEN_ACL_UNSAFE);
  });
  assert.is(heard, EVENTS);
  assert.ok(looks < 20 * EVENTS, `${looks} looks for ${EVENTS} events`);
});

test('property: the watchers above a path are those of the plain list, nearest first', () => {
  const name = fc.constantFrom('a', 'b', 'ab', 'aa');
  const path = fc
    .array(name, { maxLength: 5 })
    .map(names => (names.length === 0 ? '/' : names.map(each => `/${each}`).join('')));
  const anyPath = fc.oneof(
    { weight: 20, arbitrary: path },
    { weight: 1, arbitrary: fc.constantFrom('', '//', '/a/', 'a') },
  );
  const step = fc.record({ adds: fc.boolean(), path: anyPath, ear: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(path, { minLength: 1 }), (steps, events) => {
      const ears = [0, 1, 2].map((): Watcher => ({ watchBytes: 0, process() {} }));
      const watches = new RecursiveWatches();
      const plain = new Map<string, Set<number>>();
      for (const { adds, path, ear } of steps) {
        const there = plain.get(path)?.has(ear) ?? false;
        if (adds === there) continue;
        if (adds) {
          watches.add(path, ears[ear]!);
          plain.set(path, (plain.get(path) ?? new Set()).add(ear));
        } else {
          watches.remove(path, ears[ear]!);
          plain.get(path)!.delete(ear);
        }
        for (const event of events) {
          const wanted: number[][] = [];
          for (let at = event; at !== '/' && at !== ''; ) {
            at = at.slice(0, at.lastIndexOf('/')) || '/';
            const found = plain.get(at);
            if (found !== undefined && found.size > 0) wanted.push([...found]);
          }
          const found = watches.above(event).map(set => [...set].map(each => ears.indexOf(each)));
          assert.equal(found, wanted, event);
        }
        assert.is(
          watches.size,
          [...plain.values()].reduce((sum, set) => sum + set.size, 0),
        );
      }
    }),
  );
});
