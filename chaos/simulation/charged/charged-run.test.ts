import { assert, suite } from '#test';
import type { Costs } from '../../../bench/prediction/cost-model.ts';
import type { Shape, WriteLoad } from '../../../bench/prediction/expected-work.ts';
import type { Machines } from '../../../bench/prediction/forecast.ts';
import { WORK_KINDS } from '../../../bench/prediction/work.ts';
import { Charge } from './charge.ts';
import { type ChargedResult, chargedRun } from './charged-run.ts';

const test = suite('simulation: servers that are charged for their work');

const FREE = Object.fromEntries(WORK_KINDS.map(kind => [kind, 0])) as Costs;
const MACHINES: Machines = { coresPerMember: 1, nicBytesPerSecond: 1e9, rttMs: 0.2, fsyncMs: 0.1 };

function run(
  costs: Partial<Costs>,
  shape: Partial<Shape> = {},
  load: Partial<WriteLoad> = {},
  machines: Partial<Machines> = {},
  windowMs = 300,
): ChargedResult {
  return chargedRun({
    shape: { voters: 3, observers: 0, masters: false, ...shape },
    load: { ratePerSecond: 250, valueBytes: 100, clients: 'voters', sessions: 4, ...load },
    machines: { ...MACHINES, ...machines },
    costs: { ...FREE, ...costs },
    windowMs,
  });
}

const coresOf = (result: ChargedResult, role: string) => result.roles.find(each => each.role === role)!.cores;
const near = (found: number, truth: number, share: number) =>
  assert.ok(Math.abs(found - truth) <= share * truth, `${found} is not within ${share} of ${truth}`);

test('a turn takes as long as the work that was done since the last one costs, twice as long on half a core', () => {
  let flushes = 0;
  const work = () => ({ ...FREE, flush: flushes, fsync: 1 });
  const whole = new Charge({ ...FREE, flush: 10, fsync: 1_000 }, 1, work);
  const half = new Charge({ ...FREE, flush: 10, fsync: 1_000 }, 0.5, work);
  assert.equal([whole.turnMs(), half.turnMs()], [0, 0], 'what came before the first turn is free');
  flushes = 30;
  near(whole.turnMs(), 0.3, 1e-9);
  near(half.turnMs(), 0.6, 1e-9);
  near(half.usedMs, 0.3, 1e-9);
  assert.is(whole.turnMs(), 0);
});

test('known costs of messages come out as the CPU that the protocol says, within 5 %', () => {
  const costs = { led: 100, followed: 70, observed: 40, followerTold: 30, observerTold: 20 };
  const result = run(costs, { observers: 2 });
  const rate = result.committedPerSecond;
  near(coresOf(result, 'leader'), (rate * (100 + 2 * 30 + 2 * 20)) / 1e6, 0.05);
  near(coresOf(result, 'follower'), (rate * 70) / 1e6, 0.05);
  near(coresOf(result, 'observer'), (rate * 40) / 1e6, 0.05);
});

test('behind masters the followers pay for the observers', () => {
  const result = run({ observerTold: 50 }, { observers: 2, masters: true });
  assert.is(coresOf(result, 'leader'), 0);
  near(coresOf(result, 'follower'), (result.committedPerSecond * 50) / 1e6, 0.05);
});

test('a leader that has no more CPU commits no more, and writes wait', () => {
  // Its batches grow by a fifth each time, and the window may end within one.
  const load: Partial<WriteLoad> = { clients: 'leader', ratePerSecond: 600 };
  const { committedPerSecond, latencyP50Ms } = run({ led: 2_000 }, { voters: 1 }, load, {}, 2_000);
  near(committedPerSecond, 500, 0.17);
  assert.ok((latencyP50Ms ?? Infinity) > 50, `${latencyP50Ms}`);
});

test('a write waits for the CPU of each turn on its way, the round trip and the fsync', () => {
  const idle = run({}, {}, { clients: 'leader', ratePerSecond: 100 }).latencyP50Ms!;
  const busy = run({ turn: 500 }, {}, { clients: 'leader', ratePerSecond: 100 }).latencyP50Ms!;
  // The leader takes the request, a follower logs and acknowledges it, the leader commits and replies.
  assert.ok(busy - idle >= 1.5 && busy - idle <= 4, `${idle} ms and ${busy} ms`);
});

test('a network interface that is full holds writes back', () => {
  const slow = { nicBytesPerSecond: 200_000 };
  const { committedPerSecond } = run({}, { observers: 3 }, { valueBytes: 2_000 }, slow);
  assert.ok(committedPerSecond < 60, `${committedPerSecond}`);
  assert.ok(run({}, { observers: 3 }, { valueBytes: 2_000 }).committedPerSecond > 200);
});
