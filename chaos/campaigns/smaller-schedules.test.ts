import { assert, suite } from '#test';
import { Origin } from '../../bench/origin.ts';
import { parseSchedule, scheduleFrom } from '../schedules/index.ts';
import { lastsMs, type WrittenSchedule } from '../schedules/schedule.ts';
import { topologyIn } from '../schedules/written-topology.ts';
import { regressionText } from './regression.ts';
import { smallerSchedules } from './smaller-schedules.ts';

const test = suite('chaos/campaigns: smaller schedules');

const LARGE: WrittenSchedule = {
  description: 'run 3 of nightly with seed 7',
  topology: 'voters=5 observers=2 masters=on',
  workload: { name: 'registers', clients: 6 },
  seed: 41,
  calmMs: 2_000,
  bites: 'any',
  steps: [
    { fault: 'pause', target: { role: 'follower', count: 2 }, atMs: 1_000, forMs: 8_000 },
    { fault: 'kill', target: { role: 'leader' }, atMs: 12_000, forMs: 6_000 },
    { fault: 'kill', target: { role: 'follower', count: 2 }, atMs: 13_000, forMs: 6_000 },
    {
      ...{ fault: 'latency', latencyMs: 20, jitterMs: 5, atMs: 30_000, forMs: 5_000 },
      select: { from: { role: 'follower' }, to: 'any', both: true },
    },
  ],
};

/** The smallest that still fails, and how many were tried. */
function shrunk(from: WrittenSchedule, fails: (schedule: WrittenSchedule) => boolean) {
  const search = smallerSchedules(from);
  let tried = 0;
  let step = search.next();
  for (; !step.done; tried++) step = search.next(fails(step.value));
  return { smallest: step.value, tried };
}

const countOf = ({ topology }: WrittenSchedule) =>
  topologyIn(topology, new Origin('test'), '.').members.length;
const kills = ({ steps }: WrittenSchedule) => steps.filter(({ fault }) => fault === 'kill').length;

test('what two kills need is found among other faults: shorter, narrower, sooner, with fewer members and clients', () => {
  const { smallest, tried } = shrunk(LARGE, schedule => kills(schedule) === 2);
  assert.equal(
    smallest.steps.map(({ fault, target, atMs, forMs }) => [fault, target, atMs, forMs]),
    [
      ['kill', { role: 'leader' }, 0, 1_000],
      ['kill', { role: 'follower', count: 1 }, 1_000, 1_000],
    ],
  );
  assert.is(countOf(smallest), 1);
  assert.equal([smallest.calmMs, smallest.workload.clients, smallest.seed], [0, 1, 41]);
  assert.ok(tried < 60, `${tried} tries`);
});

test('what cannot be left out stays', () => {
  const { smallest } = shrunk(LARGE, () => false);
  assert.equal(smallest, LARGE);
  const five = shrunk(LARGE, schedule => countOf(schedule) >= 5 && kills(schedule) > 0);
  assert.is(countOf(five.smallest), 5);
});

test('faults that overlap still do after their times are moved', () => {
  const overlap = ({ steps: [first, second] }: WrittenSchedule) =>
    second !== undefined && first!.fault === 'kill' && second.atMs < first!.atMs + lastsMs(first!);
  const { smallest } = shrunk(LARGE, schedule => kills(schedule) === 2 && overlap(schedule));
  assert.ok(overlap(smallest), JSON.stringify(smallest.steps));
});

test('an ensemble with settings and a command keeps them in the schedule itself', () => {
  const members = Array.from({ length: 3 }, () => ({ implementation: { command: 'mine {cfg}' } }));
  const topology = { members, settings: { tickTime: '200' } };
  const { smallest } = shrunk(
    { ...LARGE, topology },
    schedule => countOf(schedule) >= 2 && kills(schedule) === 2,
  );
  const written = regressionText(
    smallest,
    {
      ...{ reasons: ['acknowledged writes: a\nb'], again: { tries: 3, failed: 2 }, isConfirmed: true },
      command: 'zklab chaos x.yaml',
    },
    { found: 'zklab chaos nightly --seed 7, run 3', commit: 'abc' },
  );
  assert.match(
    written,
    /^# Found by zklab chaos nightly --seed 7, run 3, at commit abc\.\n# acknowledged writes: a b\n/,
  );
  const again = parseSchedule(written, 'again', 'again.yaml');
  assert.equal(again.written, scheduleFrom(smallest, 'x').written);
});
