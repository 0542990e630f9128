import { assert, suite } from '#test';
import type { PlannedFault } from './faults/index.ts';
import { serverProgram } from './members/server-program.ts';
import { planted } from './planted.ts';
import { seedsFrom } from './seeds/run.ts';
import type { Settings } from './settings.ts';
import { PLAIN_SHAPE } from './shape.ts';
import { type SimulationResult, simulate } from './simulate.ts';

const test = suite('simulation: mistakes planted in members with several addresses');

const server = { program: serverProgram() };
const DEADLINE = { deadlineMs: 400_000 };
const NETWORKS = [1, 2] as const;
/** Whether a mistake shows depends on which network carries what the members have. */
const SEEDS_MAX = 10;
const NO_LEADER = /no leader \d+ ms after members lost one of two addresses/;

/** Every member loses its address on one network, for long enough that the run asks for a leader. */
function lossOf(network: (typeof NETWORKS)[number]): PlannedFault[] {
  const fault = { target: 1, isWhole: true, network, how: 'blackhole', isLong: true } as const;
  return [{ atMs: 500, durationMs: 10_500, fault: { kind: 'address-loss', ...fault } }];
}

function run(seed: number, network: (typeof NETWORKS)[number], settings: Settings = {}): SimulationResult {
  const swarm = { thinkMs: [0, 50], birthMs: 0, chaosMs: 12_000, link: { latencyMs: 1 }, settings } as const;
  return simulate(seed, {
    ...server,
    shape: { ...PLAIN_SHAPE, networks: 2 },
    faults: lossOf(network),
    swarm,
  });
}

function firstFailure(settings: Settings = {}): SimulationResult | undefined {
  for (const seed of seedsFrom(1, SEEDS_MAX)) {
    for (const network of NETWORKS) {
      const result = run(seed, network, settings);
      if (result.verdict === 'failed') return result;
    }
  }
  return undefined;
}

test(
  'each network is lost once: the members have a leader on the other, and go on from one address to the next',
  () => {
    let leaders = 0;
    for (const network of NETWORKS) {
      const { verdict, reasons, marks } = run(1, network);
      assert.is(verdict, 'passed', `without network ${network}: ${reasons.join('; ')}`);
      leaders += marks.get('addresses: a leader while one is lost') ?? 0;
    }
    assert.ok(leaders > 0, 'neither network carried the quorum');
  },
  DEADLINE,
);

test(
  'members that do not notice that an address is lost are found: no check of reachability',
  () => {
    const found = firstFailure({ 'multiAddress.reachabilityCheckEnabled': 'false' });
    assert.match(found?.reasons.join('\n') ?? '', NO_LEADER);
  },
  DEADLINE,
);

test(
  'members that dial one address alone are found',
  () => {
    const found = planted('only the first address is dialed', () => firstFailure());
    assert.match(found?.reasons.join('\n') ?? '', NO_LEADER);
  },
  DEADLINE,
);
