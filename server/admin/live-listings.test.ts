/**
 * Listings that are made in slices, while what they list changes: an entry that stays is listed exactly once.
 */
import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { WatchManager } from '../tree/watch-manager.ts';
import { WatchMemory } from '../tree/watch-memory.ts';
import { atMost } from '../turns/live.ts';
import type { ServerView } from './server-view.ts';
import { sessionsByWatchedPath, watchesBySession, watchSummary } from './watch-listing.ts';

const test = suite('admin: listings of changing sets');

const SESSIONS = 6;
const PATHS = 6;

interface Client {
  readonly sessionId: bigint;
  watchBytes: number;
  process(): void;
}

/** A watch of a client on a path, of data or of children, added or removed. */
interface Change {
  readonly client: number;
  readonly path: number;
  readonly children: boolean;
  readonly adds: boolean;
}

const change: fc.Arbitrary<Change> = fc.record({
  client: fc.nat(SESSIONS - 1),
  path: fc.nat(PATHS - 1),
  children: fc.boolean(),
  adds: fc.boolean(),
});

class World {
  readonly clients: Client[] = Array.from({ length: SESSIONS }, (_, i) => ({
    sessionId: BigInt(i + 1),
    watchBytes: 0,
    process() {},
  }));
  readonly tree = {
    dataWatches: new WatchManager(new WatchMemory()),
    childWatches: new WatchManager(new WatchMemory()),
  };
  readonly connections = new Set(this.clients);

  get view(): ServerView {
    return {
      database: { tree: this.tree },
      serving: { connections: this.connections },
    } as unknown as ServerView;
  }

  apply({ client, path, children, adds }: Change): void {
    const watches = children ? this.tree.childWatches : this.tree.dataWatches;
    const watcher = this.clients[client]!;
    if (adds) watches.add(`/${path}`, watcher);
    else watches.remove(`/${path}`, watcher);
  }

  /** "session path" of all watches. */
  pairs(): Set<string> {
    const all = [this.tree.dataWatches, this.tree.childWatches].flatMap(watches => [...watches.watches()]);
    return new Set(all.map(([path, watcher]) => `${watcher.sessionId} ${path}`));
  }
}

const plan = fc.tuple(fc.array(change, { maxLength: 60 }), fc.array(fc.option(change), { maxLength: 120 }));

/**
 * Takes one entry after the other, with a change of the world before each. Returns every listed entry, as
 * often as it was listed.
 */
function listedDuring(
  world: World,
  changes: readonly (Change | null)[],
  members: Iterable<string | undefined>,
): { counts: Map<string, number>; stable: Set<string> } {
  const stable = world.pairs();
  const counts = new Map<string, number>();
  let at = 0;
  for (const member of members) {
    if (member !== undefined) counts.set(member, (counts.get(member) ?? 0) + 1);
    const next = changes[at++ % Math.max(1, changes.length)];
    assert.ok(at < 2000, 'an end');
    if (next == null) continue;
    world.apply(next);
    stable.delete(`${next.client + 1} /${next.path}`);
  }
  return { counts, stable };
}

function* bySession(view: ServerView): Generator<string | undefined> {
  for (const each of watchesBySession(view)) {
    if (each === undefined) yield each;
    else for (const path of each[1]) yield path === undefined ? path : `${each[0]} ${path}`;
  }
}

function* byPath(view: ServerView): Generator<string | undefined> {
  for (const each of sessionsByWatchedPath(view)) {
    if (each === undefined) yield each;
    else for (const session of each[1]) yield session === undefined ? session : `${session} ${each[0]}`;
  }
}

for (const [name, list] of Object.entries({ wchc: bySession, wchp: byPath })) {
  test(`${name} while watches come and go: those that stay are listed once, and the listing ends`, () => {
    fc.assert(
      fc.property(plan, ([before, during]) => {
        const world = new World();
        for (const each of before) world.apply(each);
        const { counts, stable } = listedDuring(world, during, list(world.view));
        for (const pair of stable) assert.is(counts.get(pair), 1, pair);
      }),
    );
  });

  test(`${name} without changes lists each pair once, and nothing else`, () => {
    fc.assert(
      fc.property(plan, ([before]) => {
        const world = new World();
        for (const each of before) world.apply(each);
        const listed = [...list(world.view)].filter(pair => pair !== undefined);
        assert.equal(listed.sort(), [...world.pairs()].sort());
      }),
    );
  });
}

test('wchs counts as the naive sets do', () => {
  fc.assert(
    fc.property(plan, ([before]) => {
      const world = new World();
      for (const each of before) world.apply(each);
      const looked = watchSummary(world.view);
      let step = looked.next();
      while (step.done !== true) step = looked.next();
      const pairs = [...world.pairs()].map(pair => pair.split(' '));
      const { dataWatches, childWatches } = world.tree;
      assert.equal(step.value, {
        connections: new Set(pairs.map(([session]) => session)).size,
        paths: new Set(pairs.map(([, path]) => path)).size,
        watches: dataWatches.watchCount + childWatches.watchCount,
      });
    }),
  );
});

test('a walk over a set that gains a member for each member that it visits ends', () => {
  const members = new Set([1, 2, 3]);
  const seen: number[] = [];
  for (const member of atMost(members.size, members)) {
    seen.push(member);
    members.add(member + 10);
  }
  assert.equal(seen, [1, 2, 3]);
});
