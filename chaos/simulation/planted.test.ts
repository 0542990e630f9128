import { assert, suite } from '#test';
import type { FaultOf, PlannedFault } from './faults/index.ts';
import { lyingDisk } from './lying-disk.ts';
import { type Plant, planted } from './planted.ts';
import { seedsFrom } from './run.ts';
import { serverProgram } from './server-program.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

const test = suite('simulation: mistakes planted in the server');

const server = { program: serverProgram() };
const DEADLINE = { deadlineMs: 400_000 };
/**
 * With the present server the first few seeds find each bug. Another server may need a few more, and that is
 * not a failure.
 */
const SEEDS_MAX = 40;

/** Of members with equal histories the one with the highest sid leads. The plans below cut it off first. */
const FIRST_LEADER = 3;
const FIRST_ACKER = 2;

/** A write is under way at every moment, over links without latency. */
const BUSY = {
  thinkMs: [0, 20],
  readShare: 0.3,
  wildShare: 0.5,
  birthMs: 0,
  chaosMs: 7000,
  link: { latencyMs: 1 },
  // A snapshot is really synced, and would save what the log lost.
  settings: { snapCount: '100000' },
} as const;

function firstFailure(options: Partial<SimulationOptions>): SimulationResult | undefined {
  for (const seed of seedsFrom(1, SEEDS_MAX)) {
    const result = simulate(seed, { ...server, faults: [], swarm: BUSY, ...options });
    if (result.verdict === 'failed') return result;
  }
  return undefined;
}

function assertFound(result: SimulationResult | undefined, reason: RegExp): void {
  assert.ok(result !== undefined, `nothing found in ${SEEDS_MAX} seeds`);
  assert.match(result.reasons.join('\n'), reason);
}

type Strike = Pick<FaultOf<'majority-loss'>, 'on' | 'afterMs'>;
const BEHIND_ACK: Strike = { on: 'ack', afterMs: 0 };

/** The member that is `back` has acknowledged a write, lost power right after, and is the first to return. */
function losses(
  back: FaultOf<'majority-loss'>['back'],
  awayMs = 2000,
  strike: Strike = BEHIND_ACK,
): PlannedFault[] {
  const fault = { kind: 'majority-loss', syncDelayMs: 100, leadMs: 200, ...strike, awayMs, back } as const;
  return [
    [1, 2, 3],
    [3, 2, 1],
  ].map((order, at) => ({ atMs: 500 + at * 3500, durationMs: 3400, fault: { ...fault, order } }));
}

for (const back of ['leader', 'acker'] as const) {
  test(
    `one lying disk is found when its owner was the ${back} of a majority that lost power after an acknowledgement`,
    () => {
      const wrapDisk: SimulationOptions['wrapDisk'] = (disk, clock, { sid }) =>
        sid === (back === 'leader' ? FIRST_LEADER : FIRST_ACKER) ? lyingDisk(disk, clock) : disk;
      assertFound(firstFailure({ faults: losses(back), wrapDisk }), /no transaction \d+ was agreed on|lost/);
    },
    DEADLINE,
  );
}

test(
  'a NEWLEADER acked before its sync is durable is found, because clients have read what is lost (3911, 4646)',
  () => {
    const wrapDisk: SimulationOptions['wrapDisk'] = (disk, clock, { sid }) =>
      sid === FIRST_ACKER ? lyingDisk(disk, clock) : disk;
    const faults = losses('acker', 2000, { on: 'leading', afterMs: 110 });
    assertFound(firstFailure({ faults, wrapDisk }), /no transaction \d+ was agreed on|read version|lost/);
  },
  DEADLINE,
);

test(
  'on honest disks the same outages lose nothing, and a returning leader with extra transactions is truncated',
  () => {
    let truncations = 0;
    for (const awayMs of [0, 2000]) {
      const faults = losses('acker', awayMs);
      const { verdict, reasons, marks } = simulate(1, { ...server, faults, swarm: BUSY });
      assert.is(verdict, 'passed', reasons.join('; '));
      truncations += marks.get('sync: TRUNC') ?? 0;
    }
    assert.ok(truncations > 0, 'nobody had to be cut');
  },
  DEADLINE,
);

/** Cuts off the leader alone, with clients that believe it leads. */
const PARTITIONS: readonly PlannedFault[] = [500, 3500].map(atMs => ({
  atMs,
  durationMs: 2500,
  fault: { kind: 'partition', side: ['leader'], how: 'blackhole' },
}));

/** A follower and the observer lag behind what clients of the other members know. */
const BEHIND: readonly PlannedFault[] = [1, 4].map(target => ({
  atMs: 300,
  durationMs: 6500,
  fault: { kind: 'slow-link', target, latencyMs: 200 },
}));

interface Case {
  readonly plant: Plant;
  readonly faults: readonly PlannedFault[];
  readonly reason: RegExp;
}

const CASES: readonly Case[] = [
  { plant: 'a minority decides', faults: PARTITIONS, reason: /./ },
  {
    plant: 'sync asks nobody',
    faults: BEHIND,
    reason: /sync freshness: sync \d+ was answered as of/,
  },
  {
    plant: 'watches fire at the proposal',
    faults: [],
    reason: /watches: .* was told of \d+ and then answered/,
  },
  { plant: 'expiry is no proposal', faults: [], reason: /sessions: session \w+ never ended/ },
  { plant: 'TRUNC does nothing', faults: losses('acker', 0), reason: /./ },
];

for (const { plant, faults, reason } of CASES) {
  test(
    `canary: ${plant}`,
    () =>
      assertFound(
        planted(plant, () => firstFailure({ faults })),
        reason,
      ),
    DEADLINE,
  );
}
