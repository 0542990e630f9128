import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { SIMULATED_FAULTS } from './faults/index.ts';
import { ensembleOf, type MemberProgram } from './members/member.ts';
import { Nemesis } from './nemesis.ts';
import { planFaults } from './schedule.ts';
import { drawShape, PLAIN_SHAPE, type Shape } from './shape.ts';
import { drawSwarm, fitted } from './swarm.ts';
import { Trace } from './trace.ts';
import { World } from './world.ts';

const test = suite('simulation: the world and the operations on it');

/** Members that count their own seconds and do not talk to each other. Member 1 reports that it leads. */
const ticking: MemberProgram = {
  clientPort: 2181,
  start: ({ runtime, spec }) => {
    let ticks = 0;
    runtime.clock.every(1000, () => ticks++);
    return {
      state: () => ({
        mode: spec.sid === 1 ? 'leader' : 'follower',
        serving: true,
        epoch: 1,
        zxid: ticks,
        treeDigest: '',
      }),
    };
  },
};

function world(shape: Shape = PLAIN_SHAPE): World {
  const made = new World({
    random: new SeededRandom(1),
    members: ensembleOf(shape),
    program: ticking,
  });
  made.startAll();
  made.time.advance(10_500);
  return made;
}

const ticksOf = (of: World, sid: number) => of.state(sid)?.zxid;

test('a crashed member is down, and restarts from scratch', () => {
  const it = world();
  it.crash(2, 'kill');
  assert.is(it.state(2), undefined);
  it.start(2);
  it.time.advance(2500);
  assert.is(ticksOf(it, 2), 2);
  assert.is(ticksOf(it, 1), 13);
});

test('a paused member stops, and afterwards has missed only time', () => {
  const it = world();
  it.pause(2);
  it.time.advance(5000);
  assert.is(ticksOf(it, 2), 10);
  it.resume(2);
  it.time.advance(1500);
  assert.is(ticksOf(it, 2), 12, 'one tick that was due, one since');
});

test('every operation leaves a line in the trace', () => {
  const it = world();
  it.crash(1, 'power');
  it.start(1);
  it.pause(2);
  it.resume(2);
  it.cut(1, 3, 'blackhole');
  it.heal(1, 3);
  it.setSyncDelay(3, 100);
  it.jumpWall(3, -1000);
  it.healAll();
  const text = it.trace.text();
  for (const line of [
    'crashes: power',
    'boot 2',
    'is paused',
    'continues',
    'cuts zk1 > zk3',
    'heals zk1 > zk3',
    '-1000 ms',
    'heals all faults',
  ]) {
    assert.ok(text.includes(line), line);
  }
});

test('healing everything restarts the dead, wakes the paused and opens all links', () => {
  const it = world();
  it.crash(1, 'kill');
  it.pause(2);
  it.cut(3, 4, 'refuse');
  it.healAll();
  it.time.advance(1);
  assert.equal(
    it.sids.map(sid => it.isUp(sid)),
    [true, true, true, true],
  );
  assert.is(it.network.link('zk3', 'zk4').cut, null);
});

test('one address is lost at a time, and its networks carry what goes to the others; a cut takes all of them', () => {
  const it = world({ ...PLAIN_SHAPE, networks: 2 });
  const cuts = () =>
    [
      'zk1>zk2',
      'zk2>zk1',
      'zk1>zk2-net2',
      'zk2-net2>zk1',
      'zk1-net2>zk2',
      'zk2>zk1-net2',
      'zk2>zk3-net2',
    ].filter(link => it.network.link(...(link.split('>') as [string, string])).cut !== null);
  assert.ok(it.loseAddresses([1], 2, 'blackhole'));
  assert.equal(cuts(), ['zk1>zk2-net2', 'zk2-net2>zk1', 'zk1-net2>zk2', 'zk2>zk1-net2']);
  assert.not(it.loseAddresses([2], 1, 'blackhole'));
  it.findAddresses();
  assert.ok(it.loseAddresses([1], 1, 'blackhole'));
  assert.equal(cuts(), ['zk1>zk2', 'zk2>zk1']);
  it.healAll();
  assert.equal(cuts(), []);
  it.cut(1, 2, 'blackhole');
  assert.equal(cuts(), ['zk1>zk2', 'zk1>zk2-net2', 'zk1-net2>zk2']);
  assert.not(world().loseAddresses([1], 1, 'blackhole'), 'nobody has two');
});

test('the nemesis breaks at the planned time, finds the leader, and ends each fault', () => {
  const it = world();
  const nemesis = new Nemesis(it);
  nemesis.schedule([
    { atMs: 100, durationMs: 1000, fault: { kind: 'crash', target: 'leader', how: 'kill' } },
    { atMs: 200, durationMs: 1000, fault: { kind: 'crash', target: 1, how: 'kill' } },
    { atMs: 300, durationMs: 1000, fault: { kind: 'partition', side: [2], how: 'blackhole' } },
  ]);
  it.time.advance(400);
  assert.not(it.isUp(1));
  assert.is(it.network.link('zk2', 'zk3').cut, 'blackhole');
  assert.is(it.network.link('zk3', 'zk2').cut, 'blackhole');
  assert.is(it.network.link('zk1', 'zk3').cut, null);
  it.time.advance(2000);
  assert.ok(it.isUp(1));
  assert.is(it.network.link('zk2', 'zk3').cut, null);
  assert.is(nemesis.injected, 2, 'a fault on a dead member is none');
});

test('a stopped nemesis injects nothing more', () => {
  const it = world();
  const nemesis = new Nemesis(it);
  nemesis.schedule([{ atMs: 100, durationMs: 1000, fault: { kind: 'outage' } }]);
  nemesis.stop();
  it.time.advance(500);
  assert.equal(
    it.sids.map(sid => it.isUp(sid)),
    [true, true, true, true],
  );
});

test('a plan depends on its seed alone, lies inside the chaos phase, and names members that exist', () => {
  for (let seed = 0; seed < 200; seed++) {
    const plan = () => {
      const random = new SeededRandom(seed);
      const swarm = drawSwarm(random.fork('swarm'));
      return { swarm, faults: planFaults(random.fork('faults'), swarm, [1, 2, 3, 4]) };
    };
    const { swarm, faults } = plan();
    assert.equal(faults, plan().faults);
    for (const { atMs, durationMs, fault } of faults) {
      assert.ok(atMs >= 0 && atMs < swarm.chaosMs, `seed ${seed}: fault at ${atMs}`);
      assert.ok(durationMs > 0);
      assert.ok(swarm.faultWeights[fault.kind] > 0, `seed ${seed}: ${fault.kind} has no weight`);
      if (fault.kind === 'partition') assert.ok(fault.side.length < 4, `seed ${seed}: a side is everybody`);
    }
  }
});

test('over many seeds every kind of fault comes, and some seeds have none of a kind', () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++) {
    const random = new SeededRandom(seed);
    const shape = drawShape(random.fork('shape'));
    const swarm = fitted(drawSwarm(random.fork('swarm')), shape, random.fork('fitted'));
    const faults = planFaults(random, swarm, [1, 2, 3]);
    for (const kind of new Set(faults.map(({ fault }) => fault.kind)))
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  assert.is(seen.size, SIMULATED_FAULTS.length);
  for (const [kind, days] of seen) assert.ok(days > 15 && days < 360, `${kind} on ${days} of 400 days`);
});

test('the hash of a trace covers order and content', () => {
  const traces = [new Trace(), new Trace(), new Trace()];
  for (const [at, lines] of [
    ['a', 'b'],
    ['a', 'b'],
    ['b', 'a'],
  ].entries()) {
    for (const line of lines) traces[at]?.add(1, 'who', line);
  }
  const [first, same, swapped] = traces.map(trace => trace.hash());
  assert.is(first, same);
  assert.is.not(first, swapped);
});

test('a trace keeps a bounded number of lines, says how many it dropped, and its hash covers them', () => {
  const [full, cut] = [new Trace(), new Trace(2)];
  for (const trace of [full, cut]) for (const line of ['a', 'b', 'c']) trace.add(1, 'who', line);
  assert.is(cut.hash(), full.hash());
  assert.is(cut.count, 3);
  assert.match(cut.text(), /who +b\n\.\.\. and 1 more lines\n$/);
});
