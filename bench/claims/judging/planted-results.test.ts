/** Results that a server with a defect would give. Each must come out as "fails" from the shipped claims. */
import { assert, suite } from '#test';
import { CONDITIONS } from '../../../results/names.ts';
import { exitCodeOf } from '../../../results/verdicts.ts';
import { seededRandom } from '../../stats/distributions.ts';
import { gauss, type Planted, plantedResult } from '../claims.test-kit.ts';
import { chooseClaims } from '../index.ts';
import { judgeAll } from './judge-all.ts';

const test = suite('bench/claims: planted results');

/** Rounds of the quick suite. */
const ROUNDS = 6;
const HEALTHY_WRITES = 20_000;
const HEALTHY_MS = 1.4;

let seed = 0;
/** Noise as on a quiet machine with two cores: 3.5 % of a rate, 0.05 ms of a latency. */
function rates(share: number): number[] {
  const random = seededRandom(++seed);
  return Array.from({ length: ROUNDS }, () => HEALTHY_WRITES * share * Math.exp(0.035 * gauss(random)));
}

function latencies(ms: number): number[] {
  const random = seededRandom(++seed);
  return Array.from({ length: ROUNDS }, () => ms + 0.05 * gauss(random));
}

/** Healthy in every topology, and `values` under a condition in those named. */
function under(
  metric: string,
  condition: string,
  healthy: () => number[],
  values: () => number[],
  topologies: readonly string[],
) {
  const control = condition === CONDITIONS.observersBlackholed && { condition: CONDITIONS.withoutTheCut };
  return topologies.flatMap((topology): Planted[] => [
    { metric, topology, values: healthy(), ...control },
    { metric, topology, condition, values: values() },
  ]);
}

const OBSERVED = ['observers', 'masters'];
const EVERY = ['voters', 'voters5', ...OBSERVED];
const writes = (condition: string, topologies: readonly string[], share: number) =>
  under(
    'writeThroughput',
    condition,
    () => rates(1),
    () => (share === 0 ? Array(ROUNDS).fill(0) : rates(share)),
    topologies,
  );
const latency = (metric: string, ms: number) =>
  under(
    metric,
    CONDITIONS.observerLatency,
    () => latencies(HEALTHY_MS),
    () => latencies(ms),
    OBSERVED,
  );
const roles = (observing: number) => [
  { metric: 'writeThroughput', topology: 'voters5', values: rates(1) },
  { metric: 'writeThroughput', topology: 'observers', values: rates(observing) },
];
const outOf = (planted: readonly Planted[], more: readonly Planted[]) => [...planted, ...more];

const PLANTED: readonly [what: string, id: string, planted: readonly Planted[]][] = [
  [
    '0.3 % of the writes with one voter cut off',
    '000-2',
    writes(CONDITIONS.oneVoterBlackholed, EVERY, 0.003),
  ],
  ['no write with one voter cut off', '000-2', writes(CONDITIONS.oneVoterBlackholed, EVERY, 0)],
  [
    '0.3 % of the writes with observers cut off',
    '004-5',
    writes(CONDITIONS.observersBlackholed, OBSERVED, 0.003),
  ],
  ['no write with observers cut off', '004-5', writes(CONDITIONS.observersBlackholed, OBSERVED, 0)],
  [
    'a stop in one topology of two',
    '004-5',
    outOf(
      writes(CONDITIONS.observersBlackholed, ['observers'], 1),
      writes(CONDITIONS.observersBlackholed, ['masters'], 0),
    ),
  ],
  ['writes that wait for slow observers', '004-6', latency('writeLatencyP50', 41)],
  ['writes that take 4.5 ms longer', '004-6', latency('writeLatencyP50', HEALTHY_MS + 4.5)],
  [
    'one write in a hundred waits for slow observers',
    '004-6',
    outOf(latency('writeLatencyP50', HEALTHY_MS), latency('writeLatencyP99', 41)),
  ],
  ['reads that wait for the voters', '004-8', latency('readLatencyP50', 41)],
  ['reads that take 4.5 ms longer', '004-8', latency('readLatencyP50', HEALTHY_MS + 4.5)],
  ['a leader that is 10 % slower with observers', '004-2', roles(0.9)],
  ['voters that cost less than observers', '004-1', roles(0.9)],
];

for (const [what, id, planted] of PLANTED)
  test(`${id} fails: ${what}`, () => {
    const [claim] = judgeAll(chooseClaims(id), plantedResult(planted));
    assert.is(claim!.verdict, 'fails', claim!.reason);
    assert.is(exitCodeOf({ claims: [claim!], validity: { void: false, reasons: [] } }), 1);
  });

test('one round without a write, between rounds as healthy, is a counter-example with its round', () => {
  const [good, ...rest] = writes(CONDITIONS.oneVoterBlackholed, EVERY, 1);
  const stopped = rest.map((each, index) =>
    index === 0 ? { ...each, values: each.values!.map((value, round) => (round === 3 ? 0 : value)) } : each,
  );
  const [claim] = judgeAll(chooseClaims('000-2'), plantedResult([good!, ...stopped]));
  assert.is(claim!.verdict, 'fails');
  assert.match(
    claim!.reason,
    /^In round 4, write throughput of voters, one voter blackholed was 0 unit while write throughput of voters, healthy was [\d,]+ unit\. A single stop is a counter-example\.$/,
  );
  assert.equal([claim!.estimate!.value, claim!.estimate!.low], [0, null]);
});

const AT_THE_MARGIN: readonly [id: string, planted: readonly Planted[]][] = [
  ['004-2', roles(1)],
  ['004-1', roles(1)],
  ['004-5', writes(CONDITIONS.observersBlackholed, OBSERVED, 2 / 3)],
  ['000-2', writes(CONDITIONS.oneVoterBlackholed, EVERY, 0.5)],
  ['004-6', latency('writeLatencyP50', HEALTHY_MS + 0.2)],
  ['004-8', latency('readLatencyP50', HEALTHY_MS + 0.2)],
];

for (const [id, planted] of AT_THE_MARGIN)
  test(`${id} is not shown when the effect is at its margin`, () => {
    const [claim] = judgeAll(chooseClaims(id), plantedResult(planted));
    assert.is(claim!.verdict, 'not shown here', claim!.reason);
    assert.ok(claim!.rule?.detectable !== undefined);
  });

test('all defects at once: each claim fails as it does alone', () => {
  const defects = new Map(
    PLANTED.filter(([what]) => /0\.3 %|wait for/.test(what)).map(([, id, planted]) => [id, planted]),
  );
  const measured = new Map<string, Planted>();
  for (const each of [...defects.values()].flat())
    measured.set(`${each.metric} ${each.topology} ${each.condition}`, each);
  const judged = judgeAll(chooseClaims([...defects.keys()].join()), plantedResult([...measured.values()]));
  assert.equal(
    judged.map(({ verdict }) => verdict),
    judged.map(() => 'fails'),
  );
});
