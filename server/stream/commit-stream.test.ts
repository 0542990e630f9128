import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { Metrics } from '../metrics/metrics.ts';
import { makeZxid } from '../wire/zxid.ts';
import { verdictOn } from './broker.test-kit.ts';
import { LARGE, SETTINGS, SMALL, started, World } from './commit-stream.test-kit.ts';
import { CommitStream } from './commit-stream.ts';

const test = suite('stream: an observer feeds a broker');

test('004-22: every transaction is stored once, in order, and a stream that keeps up reads no log', () => {
  const world = started();
  let reads = 0;
  const { history } = world.database;
  world.database.history = range => {
    reads++;
    return history.call(world.database, range);
  };
  world.pass(20);
  for (let i = 0; i < 10; i++) {
    world.commit(5);
    world.pass(60);
  }
  world.newEpoch();
  world.commit(3);
  world.settle();
  assert.equal(
    world.broker.stored.map(({ zxid }) => zxid),
    world.zxids,
  );
  assert.is(reads, 0);
});

test('a stream that falls behind forgets the oldest in memory, reads them in the log, and returns to memory', () => {
  const world = started(SMALL);
  world.pass(20);
  world.broker.isSilent = true;
  world.commit(200);
  assert.ok((world.metrics.gauges.get('commit_stream_buffer_bytes')!() as number) <= SMALL.bufferBytesMax);
  world.settle();
  assert.equal(verdictOn(world.broker.stored, world.zxids), []);
  assert.equal(world.gaps('lost'), []);
  const from = world.broker.stored.length;
  world.commit(1);
  world.settle();
  assert.is(world.broker.stored.length, from + 1);
});

test('a new stream begins with what the log has, and a notice says after which zxid', () => {
  const world = new World(LARGE);
  world.commitAway(3);
  world.snap();
  world.commit(4);
  world.settle();
  const [, , snapped = 0] = world.zxids;
  assert.equal(world.gaps('start'), [{ after: 0, through: snapped, reason: 'start' }]);
  assert.equal(verdictOn(world.broker.stored, world.zxids), []);
});

test('a SNAP that leaves transactions out causes a notice with both zxids, and one that leaves none out does not', () => {
  const world = started();
  world.commit(3);
  world.settle();
  world.snap();
  world.commit(1);
  world.settle();
  assert.equal(world.gaps('lost'), []);
  const before = world.broker.last!;
  world.commitAway(5);
  world.snap();
  world.commit(2);
  world.settle();
  assert.equal(world.gaps('lost'), [{ after: before, through: world.zxids.at(-3)!, reason: 'lost' }]);
  assert.equal(verdictOn(world.broker.stored, world.zxids), []);
  assert.is(world.events.filter(({ kind }) => kind === 'streamGap').length, 1);
});

test('a log that was purged before the broker had it causes a notice with both zxids', () => {
  const world = started(SMALL);
  world.commit(2);
  world.settle();
  const before = world.broker.last!;
  world.broker.isDown = true;
  for (let i = 0; i < 8; i++) {
    world.commit(20);
    world.purge();
  }
  world.settle();
  const [gap, ...more] = world.gaps('lost');
  assert.equal(more, []);
  assert.is(gap?.after, before);
  assert.ok(gap!.through < world.zxids.at(-21)!, 'what the log still has is sent');
  assert.equal(verdictOn(world.broker.stored, world.zxids), []);
});

test('transactions of a sync are not sent before it is complete, because they may not be committed', () => {
  const world = started();
  world.commit(1);
  world.settle();
  const stored = world.broker.stored.length;
  for (const packet of world.commitAway(3)) {
    world.database.append(packet);
    world.database.applyPacket(packet);
  }
  world.pass(500);
  assert.is(world.broker.stored.length, stored);
  world.diff();
  world.settle();
  assert.is(world.broker.stored.length, stored + 3);
});

test('a failure is logged once, and attempts slow down to one in half a minute', () => {
  const world = started();
  world.broker.isDown = true;
  const attempts: number[] = [];
  for (let i = 0; i < 400; i++) {
    const before = world.metrics.counter('commit_stream_failures').value;
    world.network.run();
    world.rig.clock.step();
    if (world.metrics.counter('commit_stream_failures').value > before) attempts.push(world.rig.clock.nowMs);
  }
  assert.is(world.events.filter(({ kind }) => kind === 'streamFailed').length, 1);
  const pauses = attempts.slice(1).map((atMs, i) => atMs - attempts[i]!);
  assert.ok(pauses.length > 20);
  assert.ok(Math.max(...pauses) <= 30_000, `${Math.max(...pauses)}`);
  assert.ok(Math.min(...pauses.slice(10)) >= 15_000, `${pauses.join(' ')}`);
  world.commit(1);
  world.settle();
  world.pass(50);
  assert.is(world.events.filter(({ kind }) => kind === 'streamOpened').length, 1);
});

test('a broker that has later transactions than this observer is reported, and gets nothing', () => {
  const world = started();
  world.commit(2);
  world.broker.stored.push({ zxid: makeZxid(7, 1), gap: null });
  world.broker.killPlugIn();
  world.pass(300);
  assert.is(world.broker.stored.at(-1)?.zxid, makeZxid(7, 1));
  const ahead = world.events.find(({ kind }) => kind === 'streamAhead');
  assert.equal(ahead, {
    kind: 'streamAhead',
    stream: 'zookeeper',
    stored: makeZxid(7, 1),
    committed: world.zxids[1]!,
  });
});

test('two observers feed one stream: each transaction is stored once', () => {
  const world = started();
  const other = new CommitStream({
    settings: SETTINGS,
    source: world.database,
    plugIns: world.broker,
    clock: world.rig.clock,
    random: world.rig.random,
    events: world.rig.events,
    metrics: new Metrics(),
    limits: SMALL,
  });
  other.start();
  for (let i = 0; i < 20; i++) {
    world.commit(3);
    other.established(world.database.lastProcessedZxid);
    world.pass(50);
  }
  world.settle();
  assert.equal(verdictOn(world.broker.stored, world.zxids), []);
  assert.equal(world.gaps('lost'), []);
});

type Happening =
  | { readonly type: 'commit' | 'away' | 'pass'; readonly count: number }
  | {
      readonly type:
        | 'diff'
        | 'snap'
        | 'purge'
        | 'epoch'
        | 'plugIn'
        | 'down'
        | 'up'
        | 'silent'
        | 'kill'
        | 'power';
    };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('commit' as const), count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('pass' as const), count: fc.integer({ min: 1, max: 120 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('away' as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom(
        ...([
          'diff',
          'snap',
          'purge',
          'epoch',
          'plugIn',
          'plugIn',
          'down',
          'up',
          'silent',
          'kill',
          'power',
        ] as const),
      ),
    }),
  },
);

test('whoever is killed, cut off, restarted or synchronised anew: no transaction is missing without a notice, and none is stored twice', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 60 }),
      fc.constantFrom(SMALL, LARGE, { bufferBytesMax: 0, batchBytes: 400 }),
      (happenings, limits) => {
        const world = started(limits);
        for (const happened of happenings) happen(world, happened);
        world.settle();
        assert.equal(verdictOn(world.broker.stored, world.zxids), []);
        const mayLack = happenings.some(({ type }) => type === 'snap' || type === 'purge');
        if (!mayLack) assert.equal(world.gaps('lost'), []);
      },
    ),
    { numRuns: 300 },
  );
});

function happen(world: World, happened: Happening): void {
  switch (happened.type) {
    case 'commit':
      // An observer that has missed transactions hears of them first.
      world.diff();
      world.commit(happened.count);
      return;
    case 'away':
      world.commitAway(happened.count);
      return;
    case 'pass':
      world.pass(happened.count);
      return;
    case 'diff':
      world.diff();
      return;
    case 'snap':
      world.snap();
      return;
    case 'purge':
      world.purge();
      return;
    case 'epoch':
      world.newEpoch();
      return;
    case 'plugIn':
      world.broker.killPlugIn();
      return;
    case 'down':
      world.broker.isDown = true;
      world.broker.killPlugIn();
      return;
    case 'up':
      world.broker.isDown = false;
      world.broker.isSilent = false;
      return;
    case 'silent':
      world.broker.isSilent = true;
      return;
    case 'kill':
    case 'power':
      world.restart(happened.type);
  }
}
