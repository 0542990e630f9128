/**
 * Counts what writes cost the voters when the observers feed a commit stream, and when they do not: two
 * ensembles of the same members. The sink discards everything, since a broker would only take CPU.
 */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { CONDITIONS, STREAM_ENSEMBLES } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { measureFreshStarts } from './fresh-starts.ts';
import { writeLoadOf } from './measure-options.ts';
import { countStreamedWrites } from './measurements/streamed-writes.ts';
import { count } from './suite.ts';

const SINK = fileURLToPath(new URL('./measurements/discarding-sink.js', import.meta.url));

const keys = {
  /** Writes beside a commit stream, and without one. A suite without it does not measure them. */
  streams: z
    .strictObject({
      windowMs: count,
      /** The same members twice, with observers. */
      topologies: z.strictObject({
        [STREAM_ENSEMBLES.streaming]: z.string(),
        [STREAM_ENSEMBLES.plain]: z.string(),
      }),
    })
    .optional(),
};

type StreamsOptions = z.infer<z.ZodObject<typeof keys>>;

export const streams: Experiment<StreamsOptions> = {
  name: 'streams',
  description: 'writes, while observers send what is committed to a message bus, and while they do not',
  keys,
  check({ streams, folder }, origin) {
    if (streams === undefined) return;
    const [streaming, plain] = [STREAM_ENSEMBLES.streaming, STREAM_ENSEMBLES.plain].map(name =>
      readTopology(streams.topologies[name]!, origin.at('streams', 'topologies', name), folder),
    );
    const hasObservers = streaming!.members.some(({ role }) => role === 'observer');
    if (streaming!.shortForm !== plain!.shortForm || !hasObservers)
      throw new UsageError(
        `${origin.at('streams', 'topologies')}: ${streaming!.shortForm} and ${plain!.shortForm}; accepted are the same members twice, with observers`,
      );
  },
  provides: ({ streams }) => (streams === undefined ? [] : ['streams']),
  ownTopologies: ({ streams }) => ({ texts: streams?.topologies ?? {} }),
  share: 0.46,
  expectedMs({ streams }, { own }) {
    if (streams === undefined) return 0;
    return Math.max(...own.map(ensembleMs)) + own.length * loadMs(0, streams.windowMs);
  },
  async run(options) {
    const { suite, lab, cells, recorder } = options;
    if (suite.streams === undefined) return;
    const { windowMs, topologies } = suite.streams;
    const write = writeLoadOf(options);
    const condition = CONDITIONS.singleAtLeader;
    await measureFreshStarts(options, {
      experiment: this.name,
      ...{ starts: 1, rounds: 1, share: this.share },
      groups: [lab.ownTopologies(topologies).map(withItsStream)],
      // Cold code exchanges the same messages.
      warmUp: { ...write, load: { ...write.load, warmupMs: 0, saturatedMs: 0 } },
      limited: () => [],
      unlimited: stages =>
        stages.map(stage => ({
          measure() {
            const context = { stage, recorder, driver: lab.driver, write, windowMs };
            const cell = { experiment: streams.name, stage, condition, round: 0, of: 1, isMended: false };
            return cells.measure(cell, () => countStreamedWrites(context));
          },
        })),
      lost({ name: topology }, start, reason) {
        cells.lose({ experiment: streams.name, topology, condition }, start, reason);
      },
    });
  },
};

/** Voters would only warn that they have no use for the settings. */
function withItsStream(topology: Topology): Topology {
  if (topology.name !== STREAM_ENSEMBLES.streaming) return topology;
  const members = topology.members.map(member =>
    member.role === 'observer'
      ? { ...member, settings: { ...member.settings, 'observer.stream.sink': SINK } }
      : member,
  );
  return { ...topology, members };
}
