/**
 * Measures what hundreds of observers cost: writes at a steady rate beside crowds of sink observers, at the
 * leader or behind observer masters. One real observer in each ensemble shows that both kinds get on.
 */
import { z } from 'zod';
import { preload } from '../../bench/load/workload/preload.ts';
import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import { SINKS_MAX } from '../../bench/sinks/sinks.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { topologyTexts } from '../../bench/topology/topology-texts.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { crowdCondition } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { measureCrowd } from './measurements/crowd.ts';
import { workloadOf } from './measurements/throughput.ts';
import { openEach } from './own-ensembles.ts';
import type { Stage } from './stage.ts';
import { count, milliseconds, rounds } from './suite.ts';

const keys = {
  /** Writes at a steady rate beside crowds of sink observers. A suite without it does not measure them. */
  crowds: z
    .strictObject({
      rounds,
      /** Sizes of the crowds. 0 is the control. */
      sinks: z.array(z.int().min(0).max(SINKS_MAX)).min(2),
      ratePerSecond: count,
      warmupMs: milliseconds,
      windowMs: count,
      /** Within this time all sinks of a crowd must serve. */
      servingMaxMs: count,
      topologies: topologyTexts,
    })
    .optional(),
};

/** From the start of a sink until it serves, and its end; for the estimate alone. */
const SINK_MS = 10;

type CrowdsOptions = z.infer<z.ZodObject<typeof keys>>;

export const crowds: Experiment<CrowdsOptions> = {
  name: 'crowds',
  description: 'writes at a steady rate beside hundreds of sink observers, with and without masters',
  keys,
  check({ crowds }, origin) {
    if (crowds === undefined) return;
    const { sinks } = crowds;
    if (!sinks.includes(0) || new Set(sinks).size < sinks.length)
      throw new UsageError(
        `${origin.at('crowds', 'sinks')}: ${sinks.join(', ')}; accepted are different sizes, one of which is 0, the control`,
      );
  },
  withRounds: ({ crowds }, rounds) => (crowds === undefined ? {} : { crowds: { ...crowds, rounds } }),
  provides: ({ crowds }) => (crowds === undefined ? [] : ['crowds']),
  ownTopologies: ({ crowds }) => ({ texts: crowds?.topologies ?? {} }),
  share: 0.45,
  expectedMs({ crowds }, { own }) {
    if (crowds === undefined) return 0;
    const { rounds, sinks, warmupMs, windowMs } = crowds;
    const ofRound = sinks.reduce((sum, size) => sum + size * SINK_MS + loadMs(warmupMs, windowMs), 0);
    return own.reduce((sum, each) => sum + ensembleMs(each) + rounds * ofRound, 0);
  },
  async run(options) {
    const { suite, lab, plan } = options;
    if (suite.crowds === undefined) return;
    const { rounds, topologies } = suite.crowds;
    const stages = await openEach(options, lab.ownTopologies(topologies), {
      labelOf: ({ name }) => name,
      async prepare(stage) {
        const { leader } = await stage.assignRoles();
        await preload(leader.plan.ports.client, workloadOf(writeLoadOf(options)), 0);
      },
      lost: (topology, reason) => loseAll(options, topology, reason),
    });
    try {
      const turns = stages.flatMap(stage => turnsOf(options, stage));
      await plan.rounds(this.name, { rounds, roundsMin: rounds, share: this.share }, turns);
    } finally {
      await Promise.all(stages.map(stage => stage.stop()));
    }
  },
};

function loseAll(
  { suite, cells }: MeasureOptions<CrowdsOptions>,
  { name: topology }: Topology,
  reason: string,
): void {
  const { rounds, sinks } = suite.crowds!;
  for (const size of sinks)
    for (let round = 0; round < rounds; round++)
      cells.lose({ experiment: crowds.name, topology, condition: crowdCondition(size) }, round, reason);
}

function turnsOf(options: MeasureOptions<CrowdsOptions>, stage: Stage): Turn[] {
  const { rounds, sinks, ...timing } = options.suite.crowds!;
  const { cells, recorder, signal } = options;
  return sinks.map(size => ({
    measure(round) {
      const condition = crowdCondition(size);
      const context = { stage, condition, round, recorder, signal, write: writeLoadOf(options) };
      const cell = { experiment: crowds.name, stage, condition, round, of: rounds };
      return cells.measure(cell, () => measureCrowd(context, size, timing));
    },
  }));
}
