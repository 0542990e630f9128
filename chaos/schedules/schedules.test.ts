import { assert, suite } from '#test';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { FAULTS } from '../faults/index.ts';
import { parseSchedule, readSchedule, scheduleNames } from './index.ts';

const test = suite('chaos/schedules');

const STEP = '{ fault: kill, target: { role: leader }, atMs: 0, forMs: 1000 }';
const text = (step: string, workload = '{ name: registers }') =>
  `description: a test\ntopology: voters=3\nworkload: ${workload}\nsteps: [${step}]\n`;

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
  assert.ok(scheduleNames().includes('smoke'));
  for (const name of scheduleNames()) {
    const schedule = readSchedule(name);
    assert.is(schedule.name, name);
    assert.ok(readTopology(schedule.topology).members.length > 0);
  }
});

/** All of them bite in `faults/member-faults.ensemble.test.ts`, where they do not have to wait for a time. */
const OF_MEMBERS = FAULTS.map(({ name }) => name).slice(FAULTS.findIndex(({ name }) => name === 'pause') + 1);

test('smoke has every fault of the registry that its topology has a target for', () => {
  const { steps, topology } = readSchedule('smoke');
  const ofSmoke = FAULTS.filter(({ name }) => !OF_MEMBERS.includes(name));
  const possible = ofSmoke.filter(({ draw }) => draw?.(new SeededRandom(1), readTopology(topology)));
  assert.equal(steps.map(({ fault }) => fault.name).sort(), possible.map(({ name }) => name).sort());
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
    /^test\.yaml:3: workload\.name: "register"; accepted are registers, mixed/,
  );
  assert.match(problemOf(text(STEP, '{ name: registers, wildShare: 1 }')), /unknown key wildShare/);
});
