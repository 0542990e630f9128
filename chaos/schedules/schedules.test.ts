import { assert, suite } from '#test';
import type { Campaign } from './campaign-schema.ts';
import { kindsOn } from './draw-run.ts';
import { isCampaign, parseSchedule as parse, readSchedule, scheduleNames } from './index.ts';
import { refuseImpossible, type Schedule, scheduleTopology } from './schedule.ts';

const test = suite('chaos/schedules');

const STEP = '{ fault: kill, target: { role: leader }, atMs: 0, forMs: 1000 }';
const text = (step: string, workload = '{ name: registers }') =>
  `description: a test\ntopology: voters=3\nworkload: ${workload}\nsteps: [${step}]\n`;

const parseSchedule = (...from: Parameters<typeof parse>) => parse(...from) as Schedule;

function problemOf(schedule: string): string {
  try {
    parseSchedule(schedule, 'test', 'test.yaml');
    return '';
  } catch (error) {
    assert.is((error as Error).name, 'UsageError');
    return (error as Error).message;
  }
}

test('all schedules of the project and their topologies are valid', () => {
  assert.ok(scheduleNames().includes('smoke') && scheduleNames().includes('nightly'));
  for (const name of scheduleNames()) {
    const schedule = readSchedule(name);
    assert.is(schedule.name, name);
    const topologies = isCampaign(schedule) ? schedule.topologies : [scheduleTopology(schedule)];
    for (const { members } of topologies) assert.ok(members.length > 0);
  }
});

test('smoke has every fault that can be drawn, and each has a topology with a target for it', () => {
  const smoke = readSchedule('smoke') as Campaign;
  for (const kind of smoke.kinds)
    assert.ok(
      smoke.topologies.some(topology => kindsOn(smoke, topology).includes(kind)),
      kind.name,
    );
});

test('the nights take at least six topologies, with Apache in some', () => {
  const { topologies } = readSchedule('nightly') as Campaign;
  assert.ok(topologies.length >= 6);
  assert.ok(topologies.some(({ shortForm }) => shortForm.includes('apache')));
});

const CAMPAIGN = 'description: a test\ndraw: { topologies: [voters=3], workloads: [{ name: registers }] }\n';

test('a campaign has defaults for all but its topologies and workloads, and names what is wrong by line and key', () => {
  const campaign = parse(CAMPAIGN, 'test', 'test.yaml') as Campaign;
  assert.equal([campaign.bites, campaign.draw.pick, campaign.draw.confirm], ['any', 'swarm', 3]);
  const problem = (from: string, to: string) => problemOf(CAMPAIGN.replace(from, to));
  assert.match(
    problem('[voters=3]', '[votres=3]'),
    /^test\.yaml:2: draw\.topologies\.0: topology "votres=3"/,
  );
  assert.match(problem('registers', 'register'), /^test\.yaml:2: draw\.workloads\.0\.name: "register"/);
  assert.match(
    problem('draw: {', 'draw: { faultMs: [5, 1],'),
    /^test\.yaml:2: draw\.faultMs: \[5,1\]; accepted is two times in ms, the shorter one first/,
  );
  assert.match(problem('draw: {', 'draw: { faults: [kil],'), /draw\.faults\.0: "kil"; accepted are latency/);
  assert.match(problem('draw: {', 'draw: { run: 3,'), /draw: unknown key run; accepted are topologies/);
});

test('a topology may stand in the schedule itself, and must have its targets and what the workload needs', () => {
  const own = (target: string) => {
    const written = text(STEP.replace('role: leader', target));
    const inline = written.replace('voters=3', '{ members: [{ name: a, dc: x }, { name: b }, { name: c }] }');
    const schedule = parseSchedule(inline, 'test', 'test.yaml');
    refuseImpossible(schedule, scheduleTopology(schedule));
  };
  own('name: a');
  own('dc: x');
  const unfitted = parseSchedule(text(STEP, '{ name: reconfigurations }'), 'test', 'test.yaml') as Schedule;
  assert.throws(
    () => refuseImpossible(unfitted, scheduleTopology(unfitted)),
    /^test\.yaml:3: workload\.name: reconfigurations on topology voters=3: all members need the setting reconfigEnabled=true, and v1 lacks it$/,
  );
  assert.throws(() => own('name: v1'), /^test\.yaml:4: steps\.0\.target\.name: "v1" is nothing that/);
});

test('a fault may end with an event before its time is over', () => {
  const stepsOf = (step: string) => parseSchedule(text(step), 'test', 'test.yaml').steps;
  const [step] = stepsOf(STEP.replace('forMs: 1000', 'forMs: 1000, until: election'));
  assert.equal([step!.forMs, step!.until], [1000, 'election']);
  assert.is(stepsOf(STEP)[0]!.until, undefined);
  assert.match(
    problemOf(text(STEP.replace('forMs', 'until: elections, forMs'))),
    /^test\.yaml:4: steps\.0\.until: "elections"; accepted .*election.*snapshot.*sync-by-snap/,
  );
});

test('a step has the options of its fault, and a workload its own options with defaults', () => {
  const { steps, workloadOptions } = parseSchedule(
    text(STEP, '{ name: mixed, clients: 2 }'),
    'test',
    'test.yaml',
  );
  assert.equal([steps[0]!.fault.name, steps[0]!.forMs], ['kill', 1000]);
  assert.match(JSON.stringify(workloadOptions), /"clients":2,"prefix":"\/register"/);
});

test('an error names what is wrong and what is accepted', () => {
  const mended = (from: string, to: string) => problemOf(text(STEP.replace(from, to)));
  assert.is(mended('', ''), '');
  assert.match(
    mended('fault: kill', 'fault: kil'),
    /^test\.yaml:4: steps\.0\.fault: "kil"; accepted are latency, jitter/,
  );
  assert.match(
    mended('target: { role', 'target: { rol'),
    /^test\.yaml:4: steps\.0\.target: .*accepted is \{ name: v1 \}/,
  );
  assert.match(mended('atMs: 0', 'at: 0'), /steps\.0\.atMs: missing/);
  assert.match(mended('target:', 'loud: yes, target:'), /unknown key loud; accepted are target/);
  assert.match(
    problemOf(text(STEP, '{ name: register }')),
    /^test\.yaml:3: workload\.name: "register"; accepted are registers/,
  );
  assert.match(problemOf(text(STEP, '{ name: registers, wildShare: 1 }')), /unknown key wildShare/);
});
