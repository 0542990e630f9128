import { assert, suite } from '#test';
import type { Claim } from '../../bench/claims/claim.ts';
import { gauss, type Planted, plantedResult } from '../../bench/claims/claims.test-kit.ts';
import { CLAIMS } from '../../bench/claims/index.ts';
import { Evidence } from '../../bench/claims/judging/evidence.ts';
import { judgeAll } from '../../bench/claims/judging/judge-all.ts';
import type { Pair } from '../../bench/claims/judging/pair-judgement.ts';
import type { TimedClaim } from '../../bench/claims/judging/timed-claim.ts';
import { seededRandom } from '../../bench/stats/distributions.ts';
import { CONDITIONS, crowdCondition, METRICS, stormCondition } from '../../results/names.ts';
import type { Topology } from '../../results/schema.ts';
import { clients } from './clients.ts';
import { measuredBy } from './index.ts';
import type { sessions } from './sessions.ts';
import type { Suite } from './suite.ts';
import { readSuite, suiteNames } from './suites.ts';
import { topologyRows } from './topology-rows.ts';

const test = suite('chaos/experiments: what a suite can decide');

type Rounds = Suite &
  Parameters<typeof clients.provides>[0] &
  Parameters<typeof sessions.provides>[0] &
  Record<'sync' | 'fairness', { readonly rounds: number }> & {
    readonly roles: {
      readonly starts: number;
      readonly rounds: number;
      readonly topologies: Readonly<Record<string, string>>;
    };
    readonly hundreds?: { readonly rounds: number };
    readonly crowds?: { readonly rounds: number; readonly sinks: readonly number[] };
    readonly storms?: {
      readonly rounds: number;
      readonly snapshots: readonly { readonly mb: number; readonly sinks: readonly number[] }[];
    };
  };

const REPEATS = 40;
/** Of 40 runs with a power of 0.8, minus two standard errors. */
const SHOWN_MIN = 0.7;

const TIMED = CLAIMS.filter((claim): claim is TimedClaim => claim.rule !== undefined);

/**
 * The rounds that a suite measures for a claim even when its time is up. Of several starts each counts once.
 */
function roundsFor({ needs }: Claim, suite: Rounds): number {
  const { rounds, roundsMin, sync, fairness, roles, crowds, storms, hundreds } = suite;
  if (needs.includes('hundreds')) return Math.min(hundreds!.rounds, roundsMin);
  if (needs.includes('crowds')) return crowds!.rounds;
  if (needs.includes('storms')) return storms!.rounds;
  if (needs.includes('sessions')) return Math.min(suite.sessions!.starts, roundsMin);
  if (clients.provides(suite).some(need => needs.includes(need)))
    return Math.min(suite.clients!.starts, roundsMin);
  if (needs.includes('roles')) return Math.min(roles.starts, roundsMin);
  const own = needs.includes('leaderKilled')
    ? sync.rounds
    : needs.includes('greedyNeighbours')
      ? fairness.rounds
      : rounds;
  return Math.min(own, roundsMin);
}

/** Every pair of the claim of a suite, with this true value and the spread of the claim. */
function plant(
  claim: TimedClaim,
  pairs: readonly Pair[],
  rounds: number,
  value: number,
  seed: number,
): Planted[] {
  const random = seededRandom(seed);
  const isRatio = claim.rule.scale === 'ratio';
  const control = Array.from({ length: rounds }, () => (isRatio ? 1_000 : 2));
  return pairs.flatMap(({ a, b, optional }) => {
    if (optional) return [];
    const subject = control.map(from => {
      const off = claim.rule.tells.spread * gauss(random);
      return isRatio ? from * value * Math.exp(off) : from + value + off;
    });
    return [placed(a!.id, control), placed(b!.id, subject)];
  });
}

function pairsIn(
  claim: TimedClaim,
  topologies: readonly Topology[],
  { crowds, storms }: Rounds,
): readonly Pair[] {
  const conditions = [
    ...Object.values(CONDITIONS),
    ...(crowds?.sinks ?? []).map(crowdCondition),
    ...(storms?.snapshots ?? []).flatMap(({ mb, sinks }) =>
      sinks.map(each => stormCondition({ sinks: each, snapshotMb: mb })),
    ),
  ];
  const everything = METRICS.flatMap(({ name: metric }) =>
    topologies.flatMap(({ name: topology }) =>
      conditions.map(condition => ({ metric, topology, condition, values: [1] })),
    ),
  );
  return claim.comparison.pairs(new Evidence(plantedResult(everything, [...topologies])));
}

function placed(id: string, values: readonly number[]): Planted {
  const [metric, topology, ...condition] = id.split('/');
  return { metric: metric!, topology: topology!, condition: condition.join('/'), values };
}

/** What a suite cannot decide, one line each. */
function undecided(read: Rounds): string[] {
  const claims = measuredBy(read, TIMED) as TimedClaim[];
  const needs = new Set(claims.flatMap(each => each.needs));
  const topologies = topologyRows({ suite: read, server: 'zklab', needs });
  return claims.flatMap(claim => {
    const pairs = pairsIn(claim, topologies, read);
    if (pairs.length === 0) return [`${claim.id}: no pair`];
    const rounds = roundsFor(claim, read);
    return (['holds', 'fails'] as const).flatMap(verdict => {
      let shown = 0;
      for (let seed = 0; seed < REPEATS; seed++) {
        const planted = plant(claim, pairs, rounds, claim.rule.tells[verdict], seed);
        if (judgeAll([claim], plantedResult(planted, topologies))[0]!.verdict === verdict) shown++;
      }
      return shown / REPEATS < SHOWN_MIN
        ? [`${claim.id}: ${rounds} rounds show "${verdict}" in ${shown} of ${REPEATS} runs`]
        : [];
    });
  });
}

test('the rounds of every shipped suite can show both verdicts of every timed claim', () => {
  for (const name of suiteNames()) assert.equal(undecided(readSuite(name) as Rounds), [], name);
});

test('planted: a suite of too few rounds is refused, as is one without a pair for a claim', () => {
  const quick = readSuite('quick') as Rounds;
  assert.ok(undecided({ ...quick, roundsMin: 4 }).length >= measuredBy(quick, TIMED).length);
  const { voters7: _, ...topologies } = quick.roles.topologies;
  const without = { ...quick, roles: { ...quick.roles, topologies } };
  assert.equal(undecided(without), ['004-2: no pair', '004-1: no pair']);
});
