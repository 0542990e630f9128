/**
 * Measures how soon hundreds of observers serve after the leader is lost, if each needs a whole snapshot and
 * the links of the members are the bound: from the leader alone, or from observer masters that share that.
 */
import { z } from 'zod';
import { bitsPerSecond } from '../../bench/hosts/network/link-limits.ts';
import { networkSupport } from '../../bench/hosts/network/network-support.ts';
import { preload } from '../../bench/load/workload/preload.ts';
import type { WorkloadSpec } from '../../bench/load/workload/workload.ts';
import { ensembleMs } from '../../bench/rounds/expected-time.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import { SINKS_MAX } from '../../bench/sinks/sinks.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { topologyTexts } from '../../bench/topology/topology-texts.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { stormCondition } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { contextOf, type MeasureOptions } from './measure-options.ts';
import { measureStorm } from './measurements/storm.ts';
import { openEach } from './own-ensembles.ts';
import type { Stage } from './stage.ts';
import { duration, rounds } from './suite.ts';

const SNAPSHOT_MB_MAX = 200;
/** Of two voters, one that is left without the other leads nobody. */
const VOTERS_MIN = 3;

const snapshot = z.strictObject({
  /** Size of the tree. */
  mb: z.int().min(1).max(SNAPSHOT_MB_MAX),
  /** How many observers take it. */
  sinks: z.array(z.int().min(1).max(SINKS_MAX)).min(1),
});

const keys = {
  /** Storms of observers after the loss of the leader. A suite without it does not measure them. */
  storms: z
    .strictObject({
      rounds,
      snapshots: z.array(snapshot).min(1),
      /** Within this time all observers of a storm must serve. */
      servingMaxMs: duration,
      /** How often the real observers are asked. */
      everyMs: duration,
      topologies: topologyTexts,
    })
    .optional(),
};

/** From the start of a sink until it serves before the storm; for the estimate alone, as what follows. */
const SINK_MS = 10;
/** A kill, an election, and until the killed member serves again. */
const STORM_MS = 3_000;

type StormsOptions = z.infer<z.ZodObject<typeof keys>>;
type Snapshot = z.infer<typeof snapshot>;

export const storms: Experiment<StormsOptions> = {
  name: 'storms',
  description: 'the leader is killed: hundreds of observers take snapshots over links of limited bandwidth',
  keys,
  check({ storms, folder }, origin) {
    for (const [name, text] of Object.entries(storms?.topologies ?? {})) {
      const where = origin.at('storms', 'topologies', name);
      const voters = readTopology(text, where, folder).members.filter(({ role }) => role === 'participant');
      if (voters.length < VOTERS_MIN || voters.some(({ bandwidth }) => bandwidth === undefined))
        throw new UsageError(
          `${where}: ${text}; accepted are three voters or more, each with a bandwidth, such as voters=5 bandwidth=400mbit`,
        );
    }
  },
  withRounds: ({ storms }, rounds) => (storms === undefined ? {} : { storms: { ...storms, rounds } }),
  provides: ({ storms }) => (storms === undefined ? [] : ['storms']),
  ownTopologies: ({ storms }) => ({ texts: storms?.topologies ?? {} }),
  share: 0.6,
  expectedMs({ storms }, { own }) {
    if (storms === undefined) return 0;
    const { rounds, snapshots } = storms;
    return own.reduce((sum, topology) => {
      const ofTrees = snapshots.map(({ mb, sinks }) => {
        // The leader sends the tree to each of the others before there are storms.
        const treeMs = ensembleMs(topology) + (topology.members.length - 1) * snapshotMs(topology, mb);
        const ofStorms = sinks.map(
          size => STORM_MS + size * SINK_MS + (size * snapshotMs(topology, mb)) / mastersOf(topology),
        );
        return treeMs + rounds * ofStorms.reduce((all, ms) => all + ms, 0);
      });
      return ofTrees.reduce((all, ms) => all + ms, sum);
    }, 0);
  },
  async run(options) {
    const { suite, recorder } = options;
    if (suite.storms === undefined) return;
    const { bandwidth: problem } = await networkSupport();
    if (problem === undefined)
      for (const each of suite.storms.snapshots) await measureSnapshot(options, each);
    else recorder.remarks.push(`Storms were not measured, because ${problem}.`);
  },
};

/** What one snapshot takes of the link of a voter; for the estimate alone. */
function snapshotMs({ members }: Topology, mb: number): number {
  const bits = members.flatMap(({ bandwidth }) => bitsPerSecond(bandwidth ?? '') ?? []);
  return bits.length === 0 ? 0 : (mb * 8e9) / Math.min(...bits);
}

/** Without masters, the next leader alone; with them, its followers. */
function mastersOf({ members, observerMasters }: Topology): number {
  const voters = members.filter(({ role }) => role === 'participant').length;
  return observerMasters ? Math.max(1, voters - 2) : 1;
}

/** All storms over a tree of one size, on ensembles of their own. */
async function measureSnapshot(options: MeasureOptions<StormsOptions>, snapshot: Snapshot): Promise<void> {
  const { suite, lab, plan, seed } = options;
  const { rounds, topologies } = suite.storms!;
  const tree = treeOf(snapshot, seed);
  const stages = await openEach(options, lab.ownTopologies(topologies), {
    labelOf: ({ name }) => `${name}-${snapshot.mb}`,
    prepare: async stage => preload((await stage.assignRoles()).leader.plan.ports.client, tree, 0),
    lost: (topology, reason) => loseAll(options, topology, snapshot, reason),
  });
  try {
    const turns = stages.flatMap(stage => turnsOf(options, stage, snapshot));
    await plan.rounds(
      `storms of ${snapshot.mb} MB`,
      { rounds, roundsMin: rounds, share: storms.share },
      turns,
    );
  } finally {
    await Promise.all(stages.map(stage => stage.stop()));
  }
}

function loseAll(
  { suite, cells }: MeasureOptions<StormsOptions>,
  { name: topology }: Topology,
  { mb, sinks }: Snapshot,
  reason: string,
): void {
  for (const size of sinks) {
    const condition = stormCondition({ sinks: size, snapshotMb: mb });
    for (let round = 0; round < suite.storms!.rounds; round++)
      cells.lose({ experiment: storms.name, topology, condition }, round, reason);
  }
}

const NODE_BYTES = 10_000;
const ROOT = '/storm';

function treeOf({ mb }: Snapshot, seed: number): WorkloadSpec {
  const keyCount = (mb * 1e6) / NODE_BYTES;
  return {
    mix: { setData: 1 },
    valueBytes: NODE_BYTES,
    keyCount,
    skew: { kind: 'uniform' },
    root: ROOT,
    seed,
  };
}

function turnsOf(options: MeasureOptions<StormsOptions>, stage: Stage, { mb, sinks }: Snapshot): Turn[] {
  const { rounds, ...limits } = options.suite.storms!;
  return sinks.map(each => ({
    measure(round) {
      const size = { sinks: each, snapshotMb: mb };
      const condition = stormCondition(size);
      const context = { ...contextOf(options, stage, condition, round), path: `${ROOT}/d0/k0` };
      const cell = { experiment: storms.name, stage, condition, round, of: rounds };
      return options.cells.measure(cell, () => measureStorm(context, size, limits));
    },
  }));
}
