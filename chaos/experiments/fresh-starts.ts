/**
 * Starts ensembles anew several times, warms them up and gives each member a CPU budget. An ensemble keeps
 * its leader and its compiled code, so rounds of one ensemble alone would repeat that chance.
 */
import { isDefect } from '../../bench/defect.ts';
import type { CpuBudget } from '../../bench/hosts/cpu-budget.ts';
import { preload } from '../../bench/load/preload.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import type { Member } from '../../bench/topology/member.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import type { MeasureOptions } from './measure-options.ts';
import { measureWrites, type WriteLoad, workloadOf } from './measurements/throughput.ts';
import type { Stage } from './stage.ts';

/** One ensemble of one start. */
export interface Started {
  readonly stage: Stage;
  /** By member; null where the machine cannot give budgets. */
  readonly budgets: ReadonlyMap<string, CpuBudget> | null;
}

export interface FreshStarts {
  /** Name of the experiment. */
  readonly experiment: string;
  readonly starts: number;
  /** Interleaved rounds of each start. */
  readonly rounds: number;
  readonly share: number;
  /** The ensembles of a group run at the same time. */
  readonly groups: readonly (readonly Topology[])[];
  /** CPU of each member, in cores, where the machine can limit it. */
  readonly budget: number;
  /** A load of writes whose result is thrown away; of no length: none. */
  readonly warmUp: WriteLoad;
  /** Called once per start, after the warm-up and before there are budgets. */
  measureUnlimited?(stage: Stage, start: number): Promise<void>;
  /** @param round counts over all starts */
  measure(started: Started, start: number, round: number): Promise<void>;
  /** Called for an ensemble that did not start, or could not be loaded or limited. */
  lost(topology: Topology, start: number, reason: string): void;
}

export async function measureFreshStarts(options: MeasureOptions, fresh: FreshStarts): Promise<void> {
  const { experiment, starts, share, groups } = fresh;
  const wanted = { rounds: starts, roundsMin: Math.min(options.suite.roundsMin, starts), share };
  await options.plan.repeat(experiment, wanted, async start => {
    for (const topologies of groups) await measureGroup(options, fresh, topologies, start);
  });
}

async function measureGroup(
  options: MeasureOptions,
  fresh: FreshStarts,
  topologies: readonly Topology[],
  start: number,
): Promise<void> {
  const { rounds } = fresh;
  const stages: Stage[] = [];
  try {
    for (const topology of topologies) {
      const stage = await startOne(options, fresh, topology, start);
      if (stage !== undefined) stages.push(stage);
    }
    for (const stage of stages) await fresh.measureUnlimited?.(stage, start);
    const turns = stages.flatMap((stage): Turn[] => {
      const started = limited(stage, fresh, start);
      return started === undefined ? [] : [{ measure: round => fresh.measure(started, start, round) }];
    });
    for (let round = 0; round < rounds; round++) await options.plan.take(turns, start * rounds + round);
  } finally {
    await Promise.all(stages.map(stage => stage.stop()));
  }
}

/** Undefined when the ensemble did not start or could not be loaded: it loses this start. */
async function startOne(
  options: MeasureOptions,
  { experiment, warmUp, lost }: FreshStarts,
  topology: Topology,
  start: number,
): Promise<Stage | undefined> {
  const { lab, signal, events } = options;
  let stage: Stage | undefined;
  try {
    stage = await lab.open(topology, `${topology.name}-${start + 1}`);
    events.emit({ kind: 'phase', what: `warming up ${stage.label} for ${experiment}` });
    const cast = await stage.cast();
    await preload(cast.leader.plan.ports.client, workloadOf(warmUp), warmUp.load.sessionsPerTarget);
    if (warmUp.load.saturatedMs > 0) await measureWrites(stage, cast, warmUp, { loads: ['saturated'] });
    return stage;
  } catch (error) {
    await stage?.stop();
    signal.throwIfAborted();
    if (isDefect(error)) throw error;
    lost(topology, start, `the ensemble did not start: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
}

/** Those of these members; none where the machine cannot give budgets. */
export function budgetsOf({ budgets }: Started, members: readonly Member[]): CpuBudget[] {
  return members.flatMap(({ name }) => budgets?.get(name) ?? []);
}

/** Undefined when a member has ended meanwhile, and can be given no budget. */
function limited(stage: Stage, { budget, lost }: FreshStarts, start: number): Started | undefined {
  const { members } = stage.ensemble;
  if (members.some(({ host }) => host.noBudget() !== undefined)) return { stage, budgets: null };
  try {
    return { stage, budgets: new Map(members.map(member => [member.name, member.limitCpu(budget)])) };
  } catch (error) {
    lost(stage.topology, start, `a member could not be given its CPU budget: ${(error as Error).message}`);
    return undefined;
  }
}
