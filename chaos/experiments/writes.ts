/** What a round of writes measures: each topology under its conditions, and the controls beside them. */
import type { Topology } from '../../bench/topology/topology.ts';
import { CONDITIONS, placeboCondition } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import type { Turn } from './interleaving.ts';
import { type MeasureOptions, occasionOf, writeLoadOf } from './measure-options.ts';
import { startPlacebos } from './measurements/placebo.ts';
import { recordWrites } from './measurements/record-writes.ts';
import { measureWrites } from './measurements/throughput.ts';
import { underFault } from './measurements/under-fault.ts';
import type { Stage } from './stage.ts';
import { checkConditions, conditionsOf, type WriteOptions, writeKeys } from './write-conditions.ts';

export const writes: Experiment<WriteOptions> = {
  name: 'writes',
  description:
    'as many writes as go, and their latency at a steady pace: healthy, beside placebos, under each fault',
  keys: writeKeys,
  check: checkConditions,
  asked: ({ conditions, placebos }) => [
    ...Object.keys(conditions),
    ...(placebos ? ['placeboObservers'] : []),
  ],
  provides: suite => ['healthy', 'placeboObservers', ...conditionsOf(suite).map(({ need }) => need)],
  share: 0.6,
  async run(options) {
    const { rounds, roundsMin } = options.suite;
    await options.plan.rounds(this.name, { rounds, roundsMin, share: this.share }, writeTurns(options));
  },
};

function writeTurns(options: MeasureOptions<WriteOptions>): Turn[] {
  const { lab, needs } = options;
  return [
    ...lab.stages.map(stage => ({
      stage,
      measure: (round: number) => underConditions(options, stage, round),
    })),
    ...(needs.has('placeboObservers') ? lab.stages.flatMap(stage => placeboTurn(options, stage)) : []),
    ...(lab.direct === undefined ? [] : [directTurn(options, lab.direct)]),
  ];
}

async function underConditions(
  options: MeasureOptions<WriteOptions>,
  stage: Stage,
  round: number,
): Promise<void> {
  const { suite, needs, recorder, signal, observerCores } = options;
  const write = writeLoadOf(options);
  const topology = stage.name;
  say(options, stage, round, CONDITIONS.healthy);
  const sample = await measureWrites(stage, await stage.cast(), write);
  recordWrites({ recorder, topology, condition: CONDITIONS.healthy, round }, sample, []);
  if (sample.observerCores !== undefined) observerCores.set(stage, sample.observerCores);
  if (!stage.hasLinks) return;
  for (const { need, condition, faultOf } of conditionsOf(suite)) {
    signal.throwIfAborted();
    // Healing the last fault may have changed the leader.
    const cast = await stage.cast();
    const harm = needs.has(need) ? faultOf(stage, cast, suite) : undefined;
    if (harm === undefined) continue;
    say(options, stage, round, condition);
    const { value, voidReasons, span } = await underFault(
      occasionOf(options, stage, condition, round),
      harm.fault.name,
      () => harm.fault.inject(stage.faults),
      () => measureWrites(stage, cast, write, { cut: harm.cut }),
    );
    recordWrites({ recorder, topology, condition, round, fault: span }, value, voidReasons);
  }
}

/**
 * The voters of a topology with observers, running without observers, beside as many placebos, each of which
 * burns as much CPU as an observer does.
 */
function placeboTurn(options: MeasureOptions, stage: Stage): Turn[] {
  const { lab, recorder, observerCores } = options;
  const { topology } = stage;
  const observers = countOf(topology, 'observer');
  const voters = lab.stages.find(
    other =>
      countOf(other.topology, 'observer') === 0 &&
      countOf(other.topology, 'participant') === countOf(topology, 'participant'),
  );
  if (observers === 0 || topology.observerMasters || voters === undefined) return [];
  const condition = placeboCondition(observers);
  const measure = async (round: number) => {
    say(options, voters, round, condition);
    const placebos = await startPlacebos(observers, observerCores.get(stage)!);
    try {
      const cast = await voters.cast();
      const sample = await measureWrites(voters, cast, writeLoadOf(options), { paced: false });
      recordWrites({ recorder, topology: voters.name, condition, round }, sample, []);
    } finally {
      await placebos.stop();
    }
  };
  return [{ stage: voters, measure, ready: () => observerCores.has(stage) }];
}

/** Measures the cost of the proxies: the same voters on links without proxies. */
function directTurn(options: MeasureOptions, stage: Stage): Turn {
  const { recorder } = options;
  return {
    stage,
    async measure(round) {
      say(options, stage, round, CONDITIONS.direct);
      const sample = await measureWrites(stage, await stage.cast(), writeLoadOf(options));
      recordWrites({ recorder, topology: stage.name, condition: CONDITIONS.direct, round }, sample, []);
    },
  };
}

function say({ events, suite }: MeasureOptions, { name }: Stage, round: number, condition: string): void {
  events.emit({ kind: 'turn', what: 'writes', round, of: suite.rounds, topology: name, condition });
}

function countOf({ members }: Topology, role: 'observer' | 'participant'): number {
  return members.filter(member => member.role === role).length;
}
