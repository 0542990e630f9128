/** What a round of writes measures: each topology under its conditions, and the controls beside them. */
import type { Host } from '../../bench/hosts/host.ts';
import { LoadError } from '../../bench/load/load-error.ts';
import { loadMs } from '../../bench/rounds/expected-time.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { CONDITIONS, placeboCondition } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { contextOf, type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { startPlacebos } from './measurements/placebo.ts';
import { recordWrites } from './measurements/record-writes.ts';
import { LOAD_KINDS, type LoadKind, measureWrites } from './measurements/throughput.ts';
import { measureWritesUnderFault } from './measurements/writes-under-fault.ts';
import type { Stage } from './stage.ts';
import type { Suite } from './suite.ts';
import { checkConditions, conditionsOf, type WriteOptions, writeKeys } from './write-conditions.ts';

export const writes: Experiment<WriteOptions> = {
  name: 'writes',
  description: 'writes at the maximum rate, and their latency at a steady rate: healthy and under faults',
  keys: writeKeys,
  check: checkConditions,
  asked: ({ conditions, placebos }) => [
    ...Object.keys(conditions),
    ...(placebos ? ['placeboObservers'] : []),
  ],
  provides: suite => ['healthy', 'placeboObservers', ...conditionsOf(suite).map(({ need }) => need)],
  share: 0.72,
  expectedMs(suite, { topologies, needs }) {
    const { warmupMs, saturatedMs, pacedMs } = suite.load;
    const times = { saturated: loadMs(warmupMs, saturatedMs), paced: loadMs(warmupMs, pacedMs) };
    const ofLoads = (loads: readonly LoadKind[]) => loads.reduce((sum, load) => sum + times[load], 0);
    const conditions = conditionsOf(suite).filter(({ need }) => needs.has(need));
    const ofTopology = (topology: Topology, index: number) => {
      const stage = { name: topology.name, topology };
      const applied = conditions.filter(({ appliesTo }) => appliesTo(stage));
      return applied.reduce(
        (sum, { loads }) => sum + FAULT_MS + ofLoads(loads),
        ofLoads(healthyLoads(suite, stage, index === 0)),
      );
    };
    const ofRound = topologies.reduce((sum, each, index) => sum + ofTopology(each, index), 0);
    return suite.rounds * (ofRound + (suite.proxyTax ? ofLoads(LOAD_KINDS) : 0));
  },
  async run(options) {
    const { rounds, roundsMin } = options.suite;
    await options.plan.rounds(this.name, { rounds, roundsMin, share: this.share }, writeTurns(options));
  },
};

/** A fault is injected, proved and healed, and a write commits; for the estimate alone. */
const FAULT_MS = 1_000;

function writeTurns(options: MeasureOptions<WriteOptions>): Turn[] {
  const { lab, needs } = options;
  return [
    ...lab.stages.map(stage => ({ measure: (round: number) => underConditions(options, stage, round) })),
    ...(needs.has('placeboObservers') ? lab.stages.flatMap(stage => placeboTurn(options, stage)) : []),
    ...(lab.direct === undefined ? [] : [directTurn(options, lab.direct)]),
  ];
}

async function underConditions(
  options: MeasureOptions<WriteOptions>,
  stage: Stage,
  round: number,
): Promise<void> {
  const { suite, needs, recorder, observerCores } = options;
  const write = writeLoadOf(options);
  const topology = stage.name;
  await cell(options, stage, round, CONDITIONS.healthy, async () => {
    const loads = healthyLoads(suite, stage, stage === options.lab.stages[0]);
    const sample = await measureWrites(stage, await stage.assignRoles(), write, { loads });
    recordWrites({ recorder, topology, condition: CONDITIONS.healthy, round }, sample, []);
    const cores = sample.saturated?.observerCores;
    if (cores !== undefined) observerCores.set(stage, cores);
  });
  if (!stage.hasLinks) return;
  for (const { need, condition, loads, appliesTo, faultOf } of conditionsOf(suite)) {
    if (!needs.has(need) || !appliesTo(stage)) continue;
    await cell(options, stage, round, condition, async () => {
      // Healing the last fault may have changed the leader.
      const assignment = await stage.assignRoles();
      const context = contextOf(options, stage, condition, round);
      await measureWritesUnderFault(context, assignment, write, {
        ...faultOf(stage, assignment, suite),
        loads,
      });
    });
  }
}

/**
 * Without a fault or a control to compare it with, the latency of ensembles behind proxies says nothing. The
 * control for the proxies is a control of the first topology alone.
 */
function healthyLoads(
  suite: Suite & WriteOptions,
  stage: Pick<Stage, 'name' | 'topology'>,
  isFirst: boolean,
): readonly LoadKind[] {
  const isSlowed = conditionsOf(suite).some(
    ({ loads, appliesTo }) => loads.includes('paced') && appliesTo(stage),
  );
  return isSlowed || (suite.proxyTax && isFirst) ? LOAD_KINDS : ['saturated'];
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
  const measure = (round: number) =>
    cell(options, voters, round, condition, async () => {
      const cores = observerCores.get(stage);
      if (cores === undefined)
        throw new LoadError(
          `no observer of ${stage.name} was measured, so nobody knows what a placebo burns`,
        );
      const placebos = await startPlacebos({
        hosts: observerHosts(stage),
        cores,
        folder: stage.ensemble.plan.folder,
      });
      try {
        const assignment = await voters.assignRoles();
        const sample = await measureWrites(voters, assignment, writeLoadOf(options), {
          loads: ['saturated'],
        });
        placebos.check();
        recordWrites({ recorder, topology: voters.name, condition, round }, sample, []);
      } finally {
        await placebos.stop();
      }
    });
  return [{ measure, ready: () => observerCores.has(stage) }];
}

/** Measures the cost of the proxies: the same voters on links without proxies. */
function directTurn(options: MeasureOptions, stage: Stage): Turn {
  const { recorder } = options;
  const condition = CONDITIONS.direct;
  return {
    measure: round =>
      cell(options, stage, round, condition, async () => {
        const sample = await measureWrites(stage, await stage.assignRoles(), writeLoadOf(options));
        recordWrites({ recorder, topology: stage.name, condition, round }, sample, []);
      }),
  };
}

function cell(
  { cells, suite }: MeasureOptions,
  stage: Stage,
  round: number,
  condition: string,
  body: () => Promise<void>,
): Promise<void> {
  return cells.measure({ experiment: writes.name, stage, condition, round, of: suite.rounds }, body);
}

/** The hosts of its observers, one for each. */
function observerHosts({ ensemble }: Stage): Host[] {
  return ensemble.members.filter(({ plan }) => plan.role === 'observer').map(({ host }) => host);
}

function countOf({ members }: Topology, role: 'observer' | 'participant'): number {
  return members.filter(member => member.role === role).length;
}
