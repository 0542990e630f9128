import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { UNTIL_EVENTS } from '../faults/nemesis/until.ts';
import type { Campaign } from './campaign-schema.ts';
import { drawRun, impossibleKinds, kindsOn } from './draw-run.ts';
import { CUTS, RETURNS, UNTIL_LASTS, untilOf } from './draw-until.ts';
import { parseSchedule, readSchedule, scheduleFrom } from './index.ts';
import { type DrawnStep, inForceAt, stops } from './overlap.ts';
import { lastsMs, refuseImpossible, scheduleTopology } from './schedule.ts';

const test = suite('chaos/schedules: drawing');
const SEED = fc.nat(2 ** 31 - 1);

const campaign = (draw: string) =>
  parseSchedule(
    `description: a test\ndraw:\n  topologies: [voters=3, voters=3 observers=2 masters=on, voters=5]\n  workloads: [{ name: registers }, { name: mixed }]\n${draw}`,
    'test',
    'test.yaml',
  ) as Campaign;

const TOGETHER_MAX = 3;
const SWARM = campaign(`  together: ${TOGETHER_MAX}\n  faultMs: [1000, 9000]\n`);
const EACH = campaign('  pick: each\n  runs: 4\n');
const LINK_KINDS = SWARM.kinds
  .filter(kind => kind.available({ links: false, processes: true }) !== undefined)
  .map(({ name }) => name);

const runsOf = fc.record({
  seed: SEED,
  number: fc.integer({ min: 1, max: 500 }),
  from: fc.constantFrom(SWARM, EACH),
});

test('a run is a function of campaign, seed and number: the same again, whatever was drawn between', () => {
  fc.assert(
    fc.property(runsOf, ({ seed, number, from }) => {
      const first = JSON.stringify(drawRun(from, seed, number));
      drawRun(from, seed + 1, number + 1);
      assert.is(JSON.stringify(drawRun(from, seed, number)), first);
    }),
  );
});

test('every run is a schedule that can be read again and is possible on its topology', () => {
  fc.assert(
    fc.property(runsOf, ({ seed, number, from }) => {
      const schedule = scheduleFrom(JSON.parse(JSON.stringify(drawRun(from, seed, number))), 'drawn');
      refuseImpossible(schedule, scheduleTopology(schedule));
      assert.is(schedule.bites, 'any');
    }),
  );
});

test('faults last as long as the campaign says, and no more are in force together', () => {
  fc.assert(
    fc.property(runsOf, ({ seed, number, from }) => {
      const { steps } = drawRun(from, seed, number);
      const inForceAt = (ms: number) =>
        steps.filter(step => step.atMs <= ms && ms < step.atMs + lastsMs(step));
      for (const step of steps) {
        const [low, high] = from.draw.faultMs;
        const longest = step.until === undefined ? high : high * UNTIL_LASTS;
        assert.ok(lastsMs(step) >= low && lastsMs(step) <= longest, String(lastsMs(step)));
        const names = inForceAt(step.atMs).map(({ fault }) => fault);
        assert.ok(names.length <= from.draw.together);
        assert.is(new Set(names).size, names.length, 'no kind twice');
        assert.ok(names.filter(fault => LINK_KINDS.includes(fault)).length <= 1);
      }
    }),
  );
});

test('no fault begins while no quorum is left, and those that stop members leave one or are alone', () => {
  fc.assert(
    fc.property(SEED, fc.integer({ min: 1, max: 500 }), (seed, number) => {
      const written = drawRun(SWARM, seed, number);
      const topology = scheduleTopology(scheduleFrom(written, 'drawn'));
      const voters = topology.members.filter(({ role }) => role === 'participant').length;
      const spare = Math.ceil(voters / 2) - 1;
      const steps = written.steps.map(
        (step): DrawnStep => ({ ...step, kind: SWARM.kinds.find(({ name }) => name === step.fault)! }),
      );
      for (const step of steps) {
        const others = inForceAt(
          step.atMs,
          steps.filter(({ atMs }) => atMs < step.atMs),
        );
        const stopped = others.reduce((sum, each) => sum + stops(each, topology), 0);
        assert.ok(stopped <= spare, JSON.stringify(steps));
        const more = stops(step, topology);
        assert.ok(more === 0 || others.length === 0 || stopped + more <= spare, JSON.stringify(steps));
      }
    }),
  );
});

test('planted: what stops how many members is told from its target', () => {
  const { members, observerMasters } = scheduleTopology(scheduleFrom(drawRun(SWARM, 1, 1), 'drawn'));
  const shape = {
    members: members.filter(({ role }) => role === 'participant').slice(0, 3),
    observerMasters,
  };
  const kindOf = (fault: string) => SWARM.kinds.find(({ name }) => name === fault)!;
  const stopped = (fault: string, target?: unknown) =>
    stops({ kind: kindOf(fault), fault, atMs: 0, forMs: 1, ...(target ? { target } : {}) }, shape);
  assert.equal(
    [
      stopped('kill', { role: 'leader' }),
      stopped('failing-sync', { voters: 'quorum' }),
      stopped('kill', { role: 'follower', count: 2 }),
      stopped('pause', { random: 3 }),
      stopped('pause', { voters: 'minority' }),
      stopped('kill', { name: ['v1', 'v2'] }),
      stopped('outage'),
      stopped('rolling-restart'),
      stopped('latency'),
    ],
    [1, 2, 2, 3, 1, 2, 3, 1, 0],
  );
});

test('faults that can bring an event about end with it in some runs, and each event is drawn', () => {
  const drawn = Array.from({ length: 200 }, (_, at) => drawRun(SWARM, 3, at + 1).steps).flat();
  for (const event of UNTIL_EVENTS)
    assert.ok(
      drawn.some(({ until }) => until === event),
      event,
    );
  for (const { fault, until, ...options } of drawn)
    assert.ok(until === undefined || untilOf(fault, options) === until, `${fault} until ${until}`);
  assert.ok(drawn.some(({ fault, until, ...options }) => !until && untilOf(fault, options)));
  const names = SWARM.kinds.map(({ name }) => name);
  for (const name of [...CUTS, ...RETURNS]) assert.ok(names.includes(name), name);
});

test('seeds, and runs of one seed, differ in kind: their faults, their number, their topology', () => {
  const characters = Array.from({ length: 60 }, (_, at) => {
    const { steps, topology, workload } = drawRun(SWARM, 7, at + 1);
    return `${topology} ${workload.name} ${[...new Set(steps.map(({ fault }) => fault))].sort()}`;
  });
  assert.ok(new Set(characters).size > 20, `${new Set(characters).size} characters`);
  const together = Array.from({ length: 60 }, (_, at) => {
    const { steps } = drawRun(SWARM, 7, at + 1);
    return steps.some((step, index) =>
      steps.some((other, place) => place > index && other.atMs < step.atMs + lastsMs(step)),
    );
  });
  assert.ok(together.includes(true) && together.includes(false), 'some runs overlap faults and some do not');
});

test('each topology comes once before any comes again', () => {
  for (const seed of [1, 2, 3]) {
    const drawn = Array.from({ length: 6 }, (_, at) => String(drawRun(SWARM, seed, at + 1).topology));
    assert.is(new Set(drawn.slice(0, 3)).size, 3);
    assert.is(new Set(drawn.slice(3)).size, 3);
  }
});

test('each: every kind of fault comes exactly once over all runs, whatever the seed', () => {
  fc.assert(
    fc.property(SEED, seed => {
      const faults = Array.from({ length: EACH.draw.runs }, (_, at) => drawRun(EACH, seed, at + 1))
        .flatMap(({ steps }) => steps)
        .map(({ fault }) => fault);
      const possible = EACH.kinds.filter(kind =>
        EACH.topologies.some(topology => kindsOn(EACH, topology).includes(kind)),
      );
      assert.equal(faults.sort(), possible.map(({ name }) => name).sort());
    }),
  );
});

test('kinds of fault that are impossible everywhere are named with the reason', () => {
  const apache = parseSchedule(
    'description: a test\ndraw: { topologies: [voters=3 server=apache], workloads: [{ name: registers }] }\n',
    'test',
    'test.yaml',
  ) as Campaign;
  const impossible = impossibleKinds(apache).map(({ name }) => name);
  const { kinds } = apache;
  assert.ok(impossible.length < kinds.length, 'faults of processes are possible');
  assert.equal(
    impossibleKinds(SWARM).filter(({ why }) => why === ''),
    [],
  );
});

test('the campaigns of the project draw runs that are possible', () => {
  for (const name of ['smoke', 'nightly']) {
    const drawn = readSchedule(name) as Campaign;
    for (let number = 1; number <= 16; number++) {
      const schedule = scheduleFrom(drawRun(drawn, 5, number), 'drawn');
      refuseImpossible(schedule, scheduleTopology(schedule));
    }
  }
});
