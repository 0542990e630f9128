import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import type { FiredEvent } from '../tree/fired-event.ts';
import { WatchManager, WatchMode } from '../tree/watch-manager.ts';
import { WatchMemory } from '../tree/watch-memory.ts';
import type { Watcher } from '../tree/watcher.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { EventType } from '../wire/watch-event.ts';
import { CrowdEvents, type CrowdLimits } from './crowd-events.ts';
import { EventLine } from './event-line.ts';

const test = suite('processors: events that many are told of');

class Ear implements Watcher {
  watchBytes = 0;
  readonly heard: string[] = [];

  process(type: number, path: string): void {
    this.heard.push(`${type} ${path}`);
  }
}

/** Watches, and those who are told later of everything, as behind an event that waits. */
class World {
  readonly clock = new VirtualClock();
  readonly watches = new WatchManager(new WatchMemory());
  readonly counted: string[] = [];
  readonly crowd: CrowdEvents;

  constructor(unitsMax: number, limits?: CrowdLimits) {
    const parts = { clock: this.clock, turns: new TurnQueue(this.clock, unitsMax) };
    this.crowd = new CrowdEvents(parts, new EventLine(parts), limits);
    this.watches.fired = { add: (type, watchers) => void this.counted.push(`${type} ${watchers}`) };
  }

  later(): this {
    this.watches.crowd = { takes: () => true, take: event => this.crowd.take(event) };
    return this;
  }

  fire(path: string, type: EventType, suppressing: boolean): void {
    const told = suppressing ? this.watches.trigger(path, EventType.deleted, 1, OPEN_ACL_UNSAFE) : null;
    this.watches.trigger(path, type, 1, OPEN_ACL_UNSAFE, told);
  }
}

const EARS = 4;
const step = fc.record({
  call: fc.constantFrom('add', 'add', 'remove', 'gone', 'fire', 'fire', 'fire', 'turn'),
  path: fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/d'),
  ear: fc.nat(EARS - 1),
  mode: fc.constantFrom(...Object.values(WatchMode)),
  type: fc.constantFrom(...Object.values(EventType)),
  suppressing: fc.boolean(),
});

test('watchers get the same events in the same order, at once or later, whatever happens meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const worlds = [new World(100), new World(100).later()].map(world => ({
        world,
        ears: Array.from({ length: EARS }, () => new Ear()),
      }));
      for (const { call, path, ear: at, mode, type, suppressing } of steps) {
        for (const { world, ears } of worlds) {
          const { watches, crowd, clock } = world;
          const ear = ears[at]!;
          // A request of the client, or the end of its connection.
          if (call === 'gone') crowd.forget(ear);
          else if (call !== 'fire' && call !== 'turn') crowd.catchUp(ear);
          if (call === 'add') watches.add(path, ear, mode);
          else if (call === 'remove') watches.remove(path, ear, mode);
          else if (call === 'gone') {
            watches.removeWatcher(ear);
            ears[at] = new Ear();
          } else if (call === 'fire') world.fire(path, type, suppressing);
          else clock.time.step();
        }
      }
      const [now, later] = worlds.map(({ world, ears }) => {
        world.clock.advance(0);
        assert.is(world.crowd.length, 0);
        return ears.map(({ heard }) => heard);
      });
      assert.equal(later, now);
    }),
  );
});

test('a watcher that sets a watch meanwhile also gets the events that fire after that', () => {
  const world = new World(100).later();
  const ears = [new Ear(), new Ear()];
  for (const ear of ears) world.watches.add('/', ear, WatchMode.persistentRecursive);
  world.fire('/a', EventType.created, false);
  world.crowd.catchUp(ears[0]!);
  world.fire('/b', EventType.created, false);
  world.clock.advance(0);
  for (const { heard } of ears) assert.equal(heard, ['1 /a', '1 /b']);
});

test('an event counts once for each watcher it concerns, after all have been told', () => {
  const world = new World(100).later();
  const ears = Array.from({ length: 30 }, () => new Ear());
  for (const ear of ears) {
    world.watches.add('/a', ear);
    world.watches.add('/', ear, WatchMode.persistentRecursive);
  }
  world.fire('/a', EventType.dataChanged, false);
  world.fire('/a', EventType.dataChanged, false);
  assert.equal(world.counted, []);
  world.clock.advance(0);
  assert.equal(world.counted, ['3 30', '3 30']);
});

test('field report B1: 25,000 events of one transaction for a thousand watchers are kept once each and sent in turns', () => {
  const world = new World(8_000);
  world.watches.crowd = world.crowd;
  const ears = Array.from({ length: 1000 }, () => new Ear());
  for (const ear of ears) world.watches.add('/', ear, WatchMode.persistentRecursive);
  const EVENTS = 25_000;
  const paths = Array.from({ length: EVENTS }, (_, i) => `/n${i}`);
  for (const path of paths) world.fire(path, EventType.created, false);
  assert.ok(ears.every(({ heard }) => heard.length === 0));
  assert.is(world.crowd.length, ears.length);
  // Each step of virtual time is one turn.
  const told = () => ears.reduce((sum, { heard }) => sum + heard.length, 0);
  for (let turn = 0, before = 0; turn < 100; turn++) {
    world.clock.time.step();
    const now = told();
    assert.ok(now - before <= 40_000, `${now - before} in one turn`);
    before = now;
  }
  world.crowd.catchUp(ears[999]!);
  assert.equal([ears[999]!.heard.length, ears[999]!.heard.at(-1)], [EVENTS, `1 /n${EVENTS - 1}`]);
  assert.ok(told() < 5_000_000, 'no other was told because of it');
});

test('field report B5: events that wait are bounded in bytes, kept once for all; all are told, and there is room again', () => {
  const MIB = 1024 * 1024;
  const world = new World(100, { bytesMax: MIB, atOnceBytes: 4 * MIB }).later();
  const ears = Array.from({ length: 100 }, () => new Ear());
  for (const ear of ears) world.watches.add('/', ear, WatchMode.persistentRecursive);
  const fire = () => world.fire(`/${'x'.repeat(100_000)}`, EventType.created, false);
  let fired = 0;
  while (!world.crowd.isFull) {
    fire();
    assert.ok(++fired <= 10, 'there is an end to it');
  }
  assert.ok(fired >= 2 && world.crowd.bytes < 2 * MIB, `${fired} events take ${world.crowd.bytes} bytes`);
  world.clock.time.step();
  assert.ok(ears.some(({ heard }) => heard.length === 0) && world.crowd.isFull);
  world.clock.advance(0);
  assert.equal([world.crowd.bytes, world.crowd.isFull], [0, false]);
  assert.ok(ears.every(({ heard }) => heard.length === fired));
});

test('field report B5: what one transaction fires is bounded too: everybody is told at once when it is too much', () => {
  const world = new World(100, { bytesMax: 100_000, atOnceBytes: 1_000_000 }).later();
  const ears = [new Ear(), new Ear()];
  for (const ear of ears) world.watches.add('/', ear, WatchMode.persistentRecursive);
  let most = 0;
  for (let n = 0; n < 10_000; n++) {
    world.fire(`/n${n}`, EventType.created, false);
    most = Math.max(most, world.crowd.bytes);
  }
  assert.ok(most > 900_000 && most < 1_000_000, `${most} bytes`);
  world.clock.advance(0);
  for (const { heard } of ears) assert.equal([heard.length, heard[9_999]], [10_000, '1 /n9999']);
});

test('a watcher hears of everything even if all others leave while it is told', () => {
  for (const how of ['in its turn', 'before an answer'] as const) {
    const world = new World(100).later();
    const other = new Ear();
    const ear = new Ear();
    for (const each of [ear, other]) world.watches.add('/', each, WatchMode.persistentRecursive);
    const EVENTS = 5_000;
    for (let n = 0; n < EVENTS; n++) world.fire(`/n${n}`, EventType.created, false);
    ear.process = (type, path) => {
      world.crowd.forget(other);
      Ear.prototype.process.call(ear, type, path);
    };
    if (how === 'in its turn') world.clock.advance(0);
    else world.crowd.catchUp(ear);
    assert.is(ear.heard.length, EVENTS, how);
    assert.is(world.crowd.bytes, 0);
  }
});

test('field report B1: an event of a node that many watch for good costs nothing for each of them, of whatever kind', () => {
  const events: FiredEvent[] = [];
  const watches = new WatchManager(new WatchMemory());
  watches.crowd = { takes: () => true, take: event => void events.push(event) };
  const [both, recursive] = [new Ear(), new Ear()];
  watches.add('/a', both, WatchMode.persistent);
  for (const ear of [both, recursive]) watches.add('/a', ear, WatchMode.persistentRecursive);
  for (const type of [EventType.dataChanged, EventType.childrenChanged])
    for (let n = 0; n < 2; n++) watches.trigger('/a', type, 1, OPEN_ACL_UNSAFE);
  const [data, dataAgain, children, childrenAgain] = events.map(({ groups }) => groups.at(-1));
  assert.ok(data === dataAgain && children === childrenAgain, 'the tables of the path itself');
  assert.equal(
    events.map(event => event.has(recursive)),
    [true, true, false, false],
  );
  assert.equal([[...children!.keys()], events[3]!.has(both)], [[both], true]);
});
