/**
 * Kills the leader of ensembles with hundreds of whole observers, and waits until every one of them serves
 * again: at the leader and behind masters, packed and in processes of their own. Their links are direct.
 */
import { z } from 'zod';
import { preload } from '../../bench/load/workload/preload.ts';
import { ensembleMs } from '../../bench/rounds/expected-time.ts';
import { topologyTexts } from '../../bench/topology/topology-texts.ts';
import { CONDITIONS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { contextOf, writeLoadOf } from './measure-options.ts';
import { measureSync } from './measurements/sync-time.ts';
import { workloadOf } from './measurements/throughput.ts';
import { openEach } from './own-ensembles.ts';
import { count, rounds } from './suite.ts';

const keys = {
  /** The leader of ensembles of ours with many observers is killed. A suite without it has none. */
  hundreds: z
    .strictObject({
      rounds,
      /** Between two questions to each member. */
      everyMs: count,
      topologies: topologyTexts,
    })
    .optional(),
};

type HundredsOptions = z.infer<z.ZodObject<typeof keys>>;

const NEED = 'hundreds';
/** A hundred JVMs would need a larger machine. */
const serverOf = () => 'zklab' as const;
/** A kill, an election, and the return of every member; used only for the estimate. */
const ROUND_MS = 15_000;

export const hundreds: Experiment<HundredsOptions> = {
  name: 'hundreds',
  description: 'the leader of a hundred whole observers is killed: time until the last of them serves again',
  keys,
  withRounds: ({ hundreds }, rounds) => (hundreds === undefined ? {} : { hundreds: { ...hundreds, rounds } }),
  provides: ({ hundreds }) => (hundreds === undefined ? [] : [NEED]),
  ownTopologies: ({ hundreds }) => ({ texts: hundreds?.topologies ?? {}, serverOf }),
  share: 0.8,
  expectedMs: ({ hundreds }, { own }) =>
    hundreds === undefined
      ? 0
      : own.reduce((sum, each) => sum + ensembleMs(each) + hundreds.rounds * ROUND_MS, 0),
  async run(options) {
    const { suite, lab, plan, cells } = options;
    if (suite.hundreds === undefined) return;
    const { rounds, everyMs, topologies } = suite.hundreds;
    const condition = CONDITIONS.leaderKilled;
    // One after the other: two hundred processes at a time would measure each other.
    for (const topology of lab.ownTopologies(topologies, serverOf)) {
      const stages = await openEach(options, [topology], {
        labelOf: ({ name }) => name,
        async prepare(stage) {
          const { leader } = await stage.assignRoles();
          await preload(leader.plan.ports.client, workloadOf(writeLoadOf(options)), 0);
        },
        lost(_, reason) {
          for (let round = 0; round < rounds; round++)
            cells.lose({ experiment: hundreds.name, topology: topology.name, condition }, round, reason);
        },
      });
      const turns = stages.map(stage => ({
        measure: (round: number) =>
          cells.measure({ experiment: hundreds.name, stage, condition, round, of: rounds }, () =>
            measureSync(contextOf(options, stage, condition, round), everyMs),
          ),
      }));
      try {
        const wanted = { rounds, roundsMin: Math.min(rounds, suite.roundsMin), share: this.share };
        await plan.rounds(`${this.name} (${topology.name})`, wanted, turns);
      } finally {
        await Promise.all(stages.map(stage => stage.stop()));
      }
    }
  },
};
