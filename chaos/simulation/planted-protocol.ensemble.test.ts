/**
 * Mistakes that a seed finds with the faults that it draws itself. How many seeds each takes with the present
 * server is recorded in chaos/docs/simulation.md. A change of the server moves that a little. To save time, a
 * search may begin some seeds before the first one that finds the mistake.
 */
import { assert, suite } from '#test';
import type { PlannedFault } from './faults/index.ts';
import { serverProgram } from './members/server-program.ts';
import { type Plant, planted } from './planted.ts';
import { truncFromNewerSnapshot } from './plants/newer-snapshot.ts';
import { seedsFrom } from './seeds/run.ts';
import { PLAIN_SHAPE, type Shape } from './shape.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

const test = suite('simulation: mistakes planted in the protocol');

const DEADLINE = { deadlineMs: 400_000 };

/** Three groups of three, one and one voters. The third voter of the first group weighs nothing. */
const GROUPS: Shape = { voters: 5, observers: 1, groups: [[1, 2, 3], [4], [5]], weights: { 3: 0 } };
const SPARES: Shape = { voters: 3, observers: 1, spares: 2 };
const PAIR: Shape = { voters: 2, observers: 1, oracle: true };

/**
 * The voter with the highest sid is cut off while others write, and is back when the next leader dies: with
 * ever the same votes it is elected, and those who are ahead of it leave it.
 */
const LAST_ONE_BEHIND: readonly PlannedFault[] = [
  { atMs: 300, durationMs: 2500, fault: { kind: 'partition', side: [3], how: 'refuse' } },
  { atMs: 2700, durationMs: 400, fault: { kind: 'crash', target: 'leader', how: 'kill' } },
];
const BUSY = { birthMs: 0, thinkMs: [0, 20], readShare: 0.3, chaosMs: 6000, link: { latencyMs: 1 } } as const;

/** The lines of zoo.cfg of all members, in place of those that the seeds draw. */
const HEARS_PROPOSALS = { 'observer.proposals.enabled': 'true', observerMasterPort: '0' } as const;

interface Case {
  readonly plant: Plant;
  /** @default 1 */
  readonly first?: number;
  /** Found within this many seeds from there on. */
  readonly within: number;
  readonly reason: RegExp;
  readonly shape?: Shape;
  /** In place of what the seeds draw. */
  readonly options?: Pick<SimulationOptions, 'faults' | 'swarm'>;
}

const CASES: readonly Case[] = [
  {
    plant: 'weight 0 is counted',
    within: 1,
    shape: GROUPS,
    reason: /which only .* had on disk: no quorum/,
  },
  {
    plant: 'a majority of all decides, not one of the groups',
    within: 1,
    shape: GROUPS,
    reason: /which only .* had on disk: no quorum/,
  },
  {
    plant: 'the oracle authorises both',
    within: 3,
    shape: PAIR,
    reason: /without 0x\w+, which was committed|had begun after|both led|was started by/,
  },
  {
    plant: 'a reconfiguration is decided by the old members alone',
    first: 6,
    within: 8,
    shape: SPARES,
    reason: /which only .* had on disk: no quorum/,
  },
  {
    plant: 'a reconfiguration is decided by the new members alone',
    first: 6,
    within: 8,
    shape: SPARES,
    reason: /which only .* had on disk: no quorum/,
  },
  {
    plant: 'a configuration is in force before it is committed',
    first: 4,
    within: 8,
    shape: SPARES,
    reason: /which only .* had on disk: no quorum|configuration/,
  },
  {
    plant: 'a logged reconfiguration is forgotten in an election',
    first: 6,
    within: 8,
    shape: SPARES,
    reason: /which only .* had on disk: no quorum/,
  },
  { plant: 'a minority decides', within: 1, reason: /which only zk3 had on disk: no quorum/ },
  {
    plant: 'acceptedEpoch is forgotten in a restart',
    first: 10,
    within: 12,
    reason: /zk\d accepted epoch \d+ after it had accepted epoch/,
  },
  {
    plant: 'votes ignore zxids',
    within: 1,
    options: { faults: LAST_ONE_BEHIND, swarm: BUSY },
    reason: /no write committed within 60000 ms of the heal/,
  },
  {
    plant: 'a proposal is acked before it is durable',
    within: 1,
    reason: /committed 0x\w+, which only nobody had on disk/,
  },
  {
    plant: 'the leader counts what is not on its own disk',
    within: 1,
    reason: /zk3 committed 0x\w+, which only zk2 had on disk/,
  },
  {
    plant: 'NEWLEADER is acked before the sync is durable',
    within: 2,
    reason: /made epoch \d+ its current one, though/,
  },
  {
    plant: 'currentEpoch moves before the sync is durable',
    within: 2,
    reason: /made epoch \d+ its current one, though/,
  },
  {
    plant: 'observers are told before a quorum has acked',
    first: 14,
    within: 12,
    reason: /no transaction \d+ was agreed on|differ/,
  },
  {
    plant: 'an observer applies a proposal before its COMMIT',
    first: 3,
    within: 12,
    options: { swarm: { settings: HEARS_PROPOSALS } },
    reason: /no transaction \d+ was agreed on|differ/,
  },
  {
    plant: 'an observer counts as a voter',
    within: 2,
    options: { swarm: { settings: HEARS_PROPOSALS } },
    reason: /which only .* had on disk: no quorum/,
  },
  { plant: 'TRUNC cuts one too many', within: 3, reason: /the tree differs from the leader's|replica/ },
  { plant: 'memory is not brought level with the log', first: 2, within: 5, reason: /applied after/ },
  { plant: 'a SNAP is acked before it is durable', first: 48, within: 12, reason: /./ },
  { plant: 'the committed log lacks what a sync brought', within: 2, reason: /committed after 0x/ },
  {
    plant: 'ephemerals outlive their session on one member',
    first: 38,
    within: 12,
    reason: /the tree differs from the leader's/,
  },
];

function firstFailure(
  first: number,
  count: number,
  options: Partial<SimulationOptions> = {},
): SimulationResult | undefined {
  for (const seed of seedsFrom(first, count)) {
    const result = simulate(seed, { program: serverProgram(), ...options });
    if (result.verdict === 'failed') return result;
  }
  return undefined;
}

for (const { plant, first = 1, within, reason, shape = PLAIN_SHAPE, options } of CASES) {
  test(
    `canary: ${plant}, within ${within} seeds from ${first} on`,
    () => {
      const result = planted(plant, () => firstFailure(first, within, { shape, ...options }));
      assert.ok(result !== undefined, 'nothing found');
      assert.match(result.reasons.join('\n'), reason);
    },
    DEADLINE,
  );
}

test(
  'canary: TRUNC starts from a snapshot that is newer than the cut (4837)',
  () => {
    const result = firstFailure(14, 12, { program: serverProgram({}, truncFromNewerSnapshot) });
    assert.ok(result !== undefined, 'nothing found');
    assert.match(result.reasons.join('\n'), /tree differs|applied after|differ|is damaged|without 0x/);
  },
  DEADLINE,
);
