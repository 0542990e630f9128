/**
 * Counts what writes cost observers that hear proposals and commits (option 2 of ZOOKEEPER-368), and such
 * that hear INFORM (option 1), by the size of the value: two ensembles of the same members.
 */
import { z } from 'zod';
import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { HEARING_ENSEMBLES, sizedCondition } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { measureFreshStarts } from './fresh-starts.ts';
import { type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { countPath, sizedPaths } from './measurements/paths.ts';
import type { Stage } from './stage.ts';
import { count } from './suite.ts';

const keys = {
  /** Writes while observers hear proposals, and while they hear INFORM. A suite without it counts neither. */
  proposals: z
    .strictObject({
      windowMs: count,
      valueBytes: z.array(count).min(1),
      /** The same members twice, with observers at the leader. */
      topologies: z.strictObject({
        [HEARING_ENSEMBLES.proposals]: z.string(),
        [HEARING_ENSEMBLES.results]: z.string(),
      }),
    })
    .optional(),
};

type ProposalsOptions = z.infer<z.ZodObject<typeof keys>>;

export const proposals: Experiment<ProposalsOptions> = {
  name: 'proposals',
  description: 'single writes, while observers hear proposals and commits, and while they hear INFORM',
  keys,
  check({ proposals, folder }, origin) {
    if (proposals === undefined) return;
    const [proposed, informed] = [HEARING_ENSEMBLES.proposals, HEARING_ENSEMBLES.results].map(name =>
      readTopology(proposals.topologies[name]!, origin.at('proposals', 'topologies', name), folder),
    );
    const hasObservers = proposed!.members.some(({ role }) => role === 'observer');
    if (proposed!.shortForm !== informed!.shortForm || !hasObservers)
      throw new UsageError(
        `${origin.at('proposals', 'topologies')}: ${proposed!.shortForm} and ${informed!.shortForm}; accepted are the same members twice, with observers`,
      );
  },
  provides: ({ proposals }) => (proposals === undefined ? [] : ['proposals']),
  ownTopologies: ({ proposals }) => ({ texts: proposals?.topologies ?? {} }),
  share: 0.46,
  expectedMs({ proposals }, { own }) {
    if (proposals === undefined) return 0;
    const { valueBytes, windowMs } = proposals;
    return Math.max(...own.map(ensembleMs)) + own.length * valueBytes.length * loadMs(0, windowMs);
  },
  async run(options) {
    const { suite, lab, cells } = options;
    if (suite.proposals === undefined) return;
    const { topologies, valueBytes } = suite.proposals;
    const write = writeLoadOf(options);
    await measureFreshStarts(options, {
      experiment: this.name,
      ...{ starts: 1, rounds: 1, share: this.share },
      groups: [lab.ownTopologies(topologies).map(hearing)],
      // Cold code exchanges the same messages.
      warmUp: { ...write, load: { ...write.load, warmupMs: 0, saturatedMs: 0 } },
      limited: () => [],
      unlimited: stages => stages.map(stage => ({ measure: () => countSizes(options, stage) })),
      lost({ name: topology }, start, reason) {
        for (const size of valueBytes)
          cells.lose(
            { experiment: proposals.name, topology, condition: sizedCondition(size) },
            start,
            reason,
          );
      },
    });
  },
};

async function countSizes(options: MeasureOptions<ProposalsOptions>, stage: Stage): Promise<void> {
  const { cells, lab, recorder, suite } = options;
  const { windowMs, valueBytes } = suite.proposals!;
  const context = {
    stage,
    round: 0,
    start: 0,
    recorder,
    driver: lab.driver,
    write: writeLoadOf(options),
    windowMs,
  };
  for (const path of sizedPaths(valueBytes)) {
    const cell = {
      experiment: proposals.name,
      stage,
      condition: path.condition,
      round: 0,
      of: 1,
      isMended: false,
    };
    await cells.measure(cell, () => countPath(context, path));
  }
}

/** Both sides need the key. Apache's servers ignore it. */
function hearing(topology: Topology): Topology {
  if (topology.name !== HEARING_ENSEMBLES.proposals) return topology;
  const members = topology.members.map(member => ({
    ...member,
    settings: { ...member.settings, 'observer.proposals.enabled': 'true' },
  }));
  return { ...topology, members };
}
