import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { WrittenSchedule } from '../schedules/schedule.ts';
import { pursue, triesFor } from './pursue.ts';
import type { RunOutcome } from './run-written.ts';

const test = suite('chaos/campaigns: pursuit of a failure');

const outcome = (checkers: readonly string[]): RunOutcome => ({
  ...{ topology: 'voters=3', workload: 'registers', reasons: checkers.map(name => `${name}: a loss`) },
  ...{ outcome: checkers.length > 0 ? 'failed' : 'passed', checkers: [...checkers] },
  ...{ bitten: [], toothless: [], seconds: 1 },
});
const PASSED = outcome([]);
const LOST = outcome(['acknowledged writes']);
const LIMITS = { confirm: 3, insist: 40, shrinkMaxMs: 60_000 };

const PLAN: WrittenSchedule = {
  ...{ description: 'a test', topology: 'voters=3 observers=1', workload: { name: 'registers' } },
  steps: Array.from({ length: 8 }, (_, at) => ({
    ...{ fault: at === 5 ? 'kill' : 'pause', target: { role: 'follower' } },
    ...{ atMs: at * 3_000, forMs: 2_000 },
  })),
};
const hasKill = ({ steps }: WrittenSchedule) => steps.some(({ fault }) => fault === 'kill');

test('a failure that comes every time is shrunk to its one fault and confirmed', async () => {
  const { again, shrunk, schedule } = await pursue(
    PLAN,
    LOST,
    async each => (hasKill(each) ? LOST : PASSED),
    LIMITS,
  );
  assert.equal(again, { tries: 3, failed: 3 });
  assert.equal([shrunk?.tries, shrunk?.failed, schedule.steps.length], [3, 3, 1]);
  assert.is(schedule.steps[0]?.fault, 'kill');
});

test('a failure that never comes again is said to be so, and nothing is shrunk', async () => {
  let runs = 0;
  const pursued = await pursue(
    PLAN,
    LOST,
    async () => {
      runs++;
      return PASSED;
    },
    LIMITS,
  );
  assert.equal(pursued.again, { tries: 43, failed: 0 });
  assert.is(pursued.shrunk, undefined);
  assert.equal(pursued.schedule, PLAN);
  assert.is(runs, 43);
});

test('a failure of another kind does not confirm it', async () => {
  const { again } = await pursue(PLAN, LOST, async () => outcome(['watches']), { ...LIMITS, insist: 0 });
  assert.equal(again, { tries: 3, failed: 0 });
});

test('planted with a probability of 5 % per run, a failure is confirmed and shrunk by itself in most nights', async () => {
  const nights = Array.from({ length: 20 }, (_, at) => new SeededRandom(at));
  const faults = await Promise.all(
    nights.map(async random => {
      const run = async (each: WrittenSchedule) => (hasKill(each) && random.chance(0.05) ? LOST : PASSED);
      const { again, schedule } = await pursue(PLAN, LOST, run, { ...LIMITS, insist: 60 });
      return again.failed > 0 ? schedule.steps.length : undefined;
    }),
  );
  const confirmed = faults.filter(count => count !== undefined);
  assert.ok(confirmed.length >= 16, `${confirmed.length} of 20 confirmed`);
  assert.ok(confirmed.filter(count => count <= 2).length >= 14, `left: ${confirmed.join(' ')}`);
});

test('the rarer a failure, the more tries a smaller plan gets, within a limit', () => {
  assert.is(triesFor({ tries: 3, failed: 3 }), 1);
  assert.is(triesFor({ tries: 3, failed: 1 }), 4);
  assert.is(triesFor({ tries: 43, failed: 1 }), 50);
  assert.is(triesFor({ tries: 1_000, failed: 1 }), 60);
});

test('shrinking ends when its time is over, with the smallest plan until then', async () => {
  const { shrunk, schedule } = await pursue(PLAN, LOST, async () => LOST, { ...LIMITS, shrinkMaxMs: -1 });
  assert.is(shrunk?.runs, 0);
  assert.equal(schedule, PLAN);
});
