import { assert, suite } from '#test';
import { type CostModel, fitCosts } from './cost-model.ts';
import type { Shape, WriteLoad } from './expected-work.ts';
import { forecast, type Machines } from './forecast.ts';
import { beyondMeasured, type CostsSource, forecastText } from './forecast-text.ts';
import { syntheticWindows, TRUE_OVERHEADS } from './prediction.test-kit.ts';
import { readShape } from './shape-text.ts';

const test = suite('prediction: forecasts');

/** A fast machine and a slow network, unless a test says otherwise. */
const MACHINES: Machines = { coresPerMember: 1, nicBytesPerSecond: 125e6, rttMs: 2, fsyncMs: 1 };
const LOAD: WriteLoad = { ratePerSecond: 1_000, valueBytes: 100, clients: 'leader', sessions: 10 };

/** Resamplings: enough to see that there is a range. */
const FEW = 20;
const MODEL: CostModel = fitCosts(syntheticWindows(), FEW);

function ask(shape: Partial<Shape>, load: Partial<WriteLoad> = {}, machines: Partial<Machines> = {}) {
  const question = {
    shape: { voters: 3, observers: 0, masters: false, ...shape },
    load: { ...LOAD, ...load },
    machines: { ...MACHINES, ...machines },
  };
  return { question, ...forecast(MODEL, question) };
}

const near = (found: number, truth: number, share: number) =>
  assert.ok(Math.abs(found - truth) <= share * truth, `${found} is not within ${share} of ${truth}`);

test('the messages and bytes of the leader are those of the protocol', () => {
  const [leader] = ask({ voters: 5, observers: 8 }).roles;
  assert.is(leader!.messagesPerSecond.sent, 1_000 * (4 * 2 + 8 + 1));
  assert.is(leader!.messagesPerSecond.received, 1_000 * (4 + 1));
  const { proposal, commit, inform, ack, clientRequest } = TRUE_OVERHEADS;
  near(leader!.bytesPerSecond.sent, 1_000 * (4 * (proposal + 100 + commit) + 8 * (inform + 100) + 88), 1e-6);
  near(leader!.bytesPerSecond.received, 1_000 * (4 * ack + clientRequest + 100), 1e-6);
});

test('masters take the observers from the leader, and a follower serves its share of them', () => {
  const [leader, follower] = ask({ voters: 5, observers: 10, masters: true }).roles;
  assert.is(leader!.observersServed, 0);
  assert.is(follower!.observersServed, 3);
  const direct = ask({ voters: 5, observers: 10 }).roles[0]!;
  assert.ok(leader!.cores.value < direct.cores.value);
});

test('observers of a single voter stay with it: there is no follower to be their master', () => {
  assert.is(ask({ voters: 1, observers: 4, masters: true }).roles[0]!.observersServed, 4);
});

test('the limit of many observers is the CPU or the network of the leader, and a follower behind masters', () => {
  const slow = { nicBytesPerSecond: 125e4 };
  assert.equal(named(ask({ observers: 100 }, {}, slow).bound), ['leader', 'sent bytes']);
  assert.equal(named(ask({ observers: 100, masters: true }, {}, slow).bound), ['follower', 'sent bytes']);
  const cpu = ask({ observers: 100 }).bound;
  assert.equal(named(cpu), ['leader', 'CPU']);
  assert.ok(
    cpu.ratePerSecond.low <= cpu.ratePerSecond.value && cpu.ratePerSecond.value <= cpu.ratePerSecond.high,
  );
});

test('at the highest rate the leader uses its core, and beyond it nothing is gathered long enough', () => {
  const { bound } = ask({});
  const at = ask({}, { ratePerSecond: bound.ratePerSecond.value * 0.999 });
  near(at.roles[0]!.cores.value, 1, 0.01);
  assert.ok(at.gatherMs! > 0);
  const beyond = ask({}, { ratePerSecond: bound.ratePerSecond.value * 1.01 });
  assert.is(beyond.gatherMs, undefined);
  assert.is(beyond.latencies, undefined);
});

test('half the CPU gives about half the rate; more than one core gives no more', () => {
  const of = (coresPerMember: number) => ask({}, {}, { coresPerMember }).bound.ratePerSecond.value;
  assert.ok(of(0.5) < 0.55 * of(1) && of(0.5) > 0.35 * of(1));
  assert.is(of(4), of(1));
});

test('a write takes a round trip, an fsync and the turns on its way; another member adds a round trip', () => {
  const at = (clients: WriteLoad['clients'], masters = false) =>
    ask({ observers: 2, masters }, { clients }).latencies!.at(-1)!;
  near(at('leader').networkMs, 2, 1e-9);
  near(at('voters').networkMs, 4, 1e-9);
  near(at('observers').networkMs, 4, 1e-9);
  near(at('observers', true).networkMs, 6, 1e-9);
  const { ms, networkMs, fsyncMs, cpuMs } = at('leader');
  near(ms, networkMs + fsyncMs + cpuMs, 1e-9);
  assert.ok(fsyncMs >= 1 && fsyncMs <= 1.5 && cpuMs > 0);
  assert.is(ask({ voters: 1 }).latencies![0]!.networkMs, 0);
});

const SOURCE: CostsSource = {
  run: 'R',
  machine: 'M',
  cpu: 'C',
  at: 'T',
  ratesPerSecond: { min: 250, max: 4_000 },
  valueBytes: { min: 100, max: 2_000 },
  votersMax: 9,
  learnersMax: 103,
  sessions: { min: 8, max: 8 },
  clients: ['leader', 'voters', 'observers'],
  latencyError: 0.4,
  busy: 'others used its cores',
};

test('it calls itself a prediction, says its errors, and what is beyond what was measured', () => {
  const { question, ...found } = ask(
    { voters: 11, observers: 300 },
    { ratePerSecond: 50_000, valueBytes: 9_000 },
    { coresPerMember: 4 },
  );
  const text = forecastText(question, found, MODEL, SOURCE);
  for (const part of [
    /^prediction for voters=11 observers=300 at 50000 writes\/s/,
    /Held-out cells were missed by 0 %/,
    /Beyond what was measured: 50000 writes\/s, and 250 to 4000 were measured/,
    /Beyond what was measured: 9000 bytes/,
    /Beyond what was measured: 11 voters, and at most 9/,
    /Beyond what was measured: 310 learners at one member/,
    /Beyond what was measured: 10 sessions on each member with clients, and 8 were measured/,
    /need more CPU than a member has/,
    /of 4 cores it can use one/,
    /Warning: when the costs were measured, others used its cores/,
    /Left out:/,
  ])
    assert.match(text, part);
});

test('a limit above the rates that were measured is beyond them, and so are clients at other places', () => {
  const beyond = (load: Partial<WriteLoad>, machines: Partial<Machines> = {}) => {
    const { question, bound } = ask({ observers: 2 }, { sessions: 8, ...load }, machines);
    return beyondMeasured(question, bound, SOURCE);
  };
  const [limit, ...more] = beyond({});
  assert.match(limit!, /^the limit of [\d,]+ writes\/s, and at most 4000 were measured$/);
  assert.equal(more, []);
  const slow = { nicBytesPerSecond: 1_250_000 };
  assert.equal(beyond({}, slow), [], 'a slow network is the limit, within what was measured');
  assert.equal(beyond({ clients: 'all' }, slow), [
    'clients at all, and clients at leader, voters, observers were measured',
  ]);
});

test('shapes are read at any size, and impossible ones are refused', () => {
  assert.equal(readShape('voters=5 observers=1000 masters=on'), {
    voters: 5,
    observers: 1_000,
    masters: true,
  });
  assert.equal(readShape('masters'), { voters: 3, observers: 3, masters: true });
  assert.throws(() => readShape('voters=0'), /voters=0; accepted are 1 to 255/);
  assert.throws(() => readShape('voters=3 masters=on'), /at least one observer/);
  assert.throws(() => readShape('voters=3 server=apache'), /costs are those of zklab's server/);
  assert.throws(() => readShape('voters=3 observers=200000'), /accepted are 0 to 100000/);
  assert.throws(() => readShape('nonsense'), /accepted are/);
});

function named({ role, resource }: { role: string; resource: string }): string[] {
  return [role, resource];
}
