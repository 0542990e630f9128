import { assert, suite } from '#test';
import { parseResult } from '../../results/store.ts';
import { cpuMsBetween } from '../measure/cpu-window.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { isAnswerOf } from './http-round.ts';
import { PEER_METRICS, type PeerReadings } from './metrics.ts';
import { peerResult, peerRows } from './peer-result.ts';
import { peerText } from './peer-text.ts';
import type { Contestant, Rounds } from './servers.ts';

const test = suite('bench peer');

const TITLES = { first: 'zklab', second: 'Apache' };

test('CPU of a window is interpolated between samples, and summed over members', () => {
  const series = [
    [sample(0, 0), sample(100, 50), sample(200, 150)],
    [sample(50, 1_000), sample(150, 1_010), sample(250, 1_030)],
  ];
  // First member: 25 ms at 50, 100 ms at 150. Second: 0 ms and 10 ms.
  assert.is(cpuMsBetween(series, 50, 150), 75 + 10);
});

test('a window that the samples of a member do not span has no CPU time', () => {
  assert.is(cpuMsBetween([[sample(0, 0), sample(100, 50)]], 50, 150), undefined);
  assert.is(cpuMsBetween([[sample(60, 0), sample(200, 50)]], 50, 150), undefined);
  assert.is(cpuMsBetween([[]], 50, 150), undefined);
});

test('a ratio is the first over the second, round by round, and is judged only by its interval', () => {
  const rounds = roundsOf(
    i => ({ writeThroughput: 200 + 2 * i, serverCpuPerWrite: 10 }),
    i => ({ writeThroughput: 100 + i, serverCpuPerWrite: i % 2 === 0 ? 5 : 20 }),
  );
  const [writes, cpu] = peerRows(PEER_METRICS, rounds);
  const { ratio } = writes!.against!;
  assert.equal([ratio.value, ratio.low, ratio.high], [2, 2, 2]);
  const text = peerText([writes!, cpu!], TITLES);
  assert.match(text, /Committed writes \(writes\/s\) .* 2\.00× .* zklab is better/);
  assert.match(text, /Server CPU per write.*no difference shown/);
  assert.match(text, /Committed writes \(writes\/s\) +10 /);
});

test('a ratio whose interval is within the margin is no difference, and says so', () => {
  const rows = (factor: number) =>
    peerRows(
      PEER_METRICS,
      roundsOf(
        i => ({ writeThroughput: factor * (100 + i) }),
        i => ({ writeThroughput: 100 + i }),
      ),
    );
  const verdict = (factor: number) => peerText(rows(factor), TITLES, { marginShare: 0.03 });
  assert.match(verdict(1.02), /within 3 %/);
  assert.match(verdict(0.98), /within 3 %/);
  assert.match(verdict(0.96), /Apache is better/);
  assert.match(peerText(rows(0.98), TITLES), /Apache is better/);
});

test('a metric that one server never gave has no row', () => {
  const rows = peerRows(
    PEER_METRICS,
    roundsOf(
      () => ({ readThroughput: 1, restingMemory: 5 }),
      () => ({ readThroughput: 2 }),
    ),
  );
  assert.equal(
    rows.map(({ metric }) => metric.name),
    ['readThroughput'],
  );
});

test('a round in which one server lacks a reading leaves the other pairs unchanged', () => {
  const [row] = peerRows(
    PEER_METRICS,
    roundsOf(
      i => ({ readThroughput: 3 * (i + 1) }),
      i => (i === 0 ? {} : { readThroughput: i + 1 }),
    ),
  );
  const { ratio, ratios } = row!.against!;
  assert.equal([ratio.n, ratio.low, ratio.high], [9, 3, 3]);
  assert.equal(
    ratios.map(({ round }) => round),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('a metric that was read once has its own n and no verdict', () => {
  const once = (MiB: number) => (round: number) =>
    round === 0 ? { freshMemory: MiB, restingMemory: MiB } : { restingMemory: MiB };
  const text = peerText(peerRows(PEER_METRICS, roundsOf(once(70), once(100))), TITLES);
  assert.match(text, /fresh member, idle \(MiB\) +1 +70\.0 +100 +0\.70× +open +too few rounds to say/);
  assert.match(text, /at rest after load \(MiB\) +10 .*zklab is better/);
});

test('a server alone has medians with their intervals but no ratio', () => {
  const { first } = roundsOf(
    i => ({ readThroughput: 100 + i }),
    () => ({}),
  );
  const rows = peerRows(PEER_METRICS, { first });
  assert.is(rows[0]!.against, undefined);
  const text = peerText(rows, { first: 'zklab' });
  assert.match(text, /Reads \(reads\/s\) +10 +105 +101 to 108/);
  assert.not.match(text, /Apache/);
});

test('an answer counts only when it names the command and has no error, whatever its status', () => {
  assert.ok(isAnswerOf('ruok', '{"command":"ruok","error":null}'));
  assert.not.ok(isAnswerOf('ruok', '{"command":"monitor","error":null}'));
  assert.not.ok(isAnswerOf('monitor', '{"command":"monitor","error":"not currently serving requests"}'));
  assert.not.ok(isAnswerOf('ruok', '{"command":"ruok"}'));
  assert.not.ok(isAnswerOf('ruok', 'null'));
  assert.not.ok(isAnswerOf('ruok', 'imok'));
});

test('the result is valid and contains each server and each ratio', async () => {
  const rounds = roundsOf(
    () => ({ writeThroughput: 200 }),
    () => ({ writeThroughput: 100 }),
  );
  const contestant = (name: string): Contestant => ({
    name,
    title: name,
    topology: readTopology(`voters server=${name}`),
  });
  const contestants = { first: contestant('zklab'), second: contestant('apache') };
  const plan = ({ topology }: Contestant) => planEnsemble(topology, '/x');
  const result = peerResult({
    id: 'x',
    name: 'peer',
    metrics: PEER_METRICS,
    startedAt: new Date(0),
    endedAt: new Date(1),
    commandLine: 'zklab bench peer',
    environment: {
      at: '',
      hostname: 'host',
      cpuModel: 'cpu',
      cores: 2,
      memoryBytes: 1,
      kernel: 'Linux',
      architecture: 'x64',
      loadAverage: 0,
      node: 'v20',
      git: null,
      diskSync: null,
      loopbackRoundTrip: { medianUs: 20, maxUs: 30, samples: 10 },
      java: null,
      apacheZooKeeper: null,
    },
    contestants,
    versions: { first: '1', second: '2' },
    machineUse: {
      ...{ cores: 2, loadAverageBefore: 0, loadAverageAfter: 1, niceValue: 0 },
      ...{ driver: null, proxyCores: null },
    },
    inputs: { depth: 32 },
    deaths: [],
    claims: [],
    plans: { first: await plan(contestants.first), second: await plan(contestants.second) },
    rounds,
    seed: 1,
    voidReasons: ['round 1: nothing'],
    exitCode: 3,
    limits: [],
  });
  const read = parseResult(JSON.stringify(result), 'test');
  assert.equal(
    read.measurements.map(({ id, summary }) => [id, summary.median]),
    [
      ['writeThroughput zklab', 200],
      ['writeThroughput apache', 100],
      ['writeThroughput, zklab over apache zklab', 2],
    ],
  );
  assert.ok(read.validity.void);
});

function sample(atMs: number, cpuMs: number) {
  return { atMs, cpuMs, rssBytes: 0 };
}

function roundsOf(
  ours: (round: number) => PeerReadings,
  theirs: (round: number) => PeerReadings,
): Required<Rounds> {
  const of = (readings: (round: number) => PeerReadings) =>
    Array.from({ length: 10 }, (_, i) => ({ readings: readings(i), voidReasons: [], driverLagMs: 0 }));
  return { first: of(ours), second: of(theirs) };
}

test('of several fresh starts each is one sample, so that rounds of one start do not narrow the interval', () => {
  // The first server is faster by 20 % in every second start, and by nothing in the others.
  const factor = (start: number) => (start % 2 === 0 ? 1.2 : 1);
  const side = (of: (round: number) => number): Rounds['first'] =>
    Array.from({ length: 12 }, (_, round) => ({
      readings: { writeThroughput: of(round) },
      voidReasons: [],
      driverLagMs: 0,
      start: round >> 1,
    }));
  const [row] = peerRows(PEER_METRICS, {
    first: side(round => 100 * factor(round >> 1) * (round % 2 === 0 ? 1.1 : 1 / 1.1)),
    second: side(() => 100),
  });
  const { ratio, ratios } = row!.against!;
  assert.is(ratio.n, 6);
  assert.equal(
    [ratio.low, ratio.high].map(end => end.toFixed(6)),
    ['1.000000', '1.200000'],
  );
  assert.equal(
    ratios.map(({ start }) => start),
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
  );
});
