/**
 * Starts ensembles anew several times, warms them up and gives each member a CPU budget. An ensemble keeps
 * its leader and its compiled code, so rounds of one ensemble alone would repeat that chance.
 */
import { isDefect } from '../../bench/defect.ts';
import type { CpuBudget } from '../../bench/hosts/cpu-budget.ts';
import { preload } from '../../bench/load/workload/preload.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import type { Member } from '../../bench/topology/member.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import type { MeasureOptions } from './measure-options.ts';
import { loadTogether, type WriteLoad, workloadOf } from './measurements/throughput.ts';
import type { Stage } from './stage.ts';

/** One ensemble of one start. */
export interface Started {
  readonly stage: Stage;
  /** By member; null where none is asked for, or the machine cannot give any. */
  readonly budgets: ReadonlyMap<string, CpuBudget> | null;
}

export interface FreshStarts {
  /** Name of the experiment. */
  readonly experiment: string;
  /** Part of the names of files, where an experiment starts ensembles for several purposes. */
  readonly label?: string;
  readonly starts: number;
  /** Interleaved rounds of each start. */
  readonly rounds: number;
  readonly share: number;
  /** The ensembles of a group run at the same time. */
  readonly groups: readonly (readonly Topology[])[];
  /** CPU of each member, in cores, where the machine can limit it. @default no limit */
  readonly budget?: number | undefined;
  /** Whether observers have proxies on their links, if servers of this run can have any. @default false */
  readonly observersAreProxied?: boolean;
  /** A load of writes that is thrown away, so long for each ensemble of a group; of no length: none. */
  readonly warmUp: WriteLoad;
  /** Called for each ensemble before there are budgets, for what the load does not warm up. */
  warmUpMore?(stage: Stage, start: number): Promise<void>;
  /** Turns within the budgets. Each list has its rounds before the next one begins. */
  limited(started: readonly Started[], start: number): readonly (readonly Turn[])[];
  /** Turns without budgets. They come last, because what only some ensembles do makes those warmer. */
  unlimited?(stages: readonly Stage[], start: number): readonly Turn[];
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
  const { rounds, lost } = fresh;
  const take = async (turns: readonly Turn[]) => {
    for (let round = 0; round < rounds; round++) await options.plan.take(turns, start * rounds + round);
  };
  const stages = await openAll(options, fresh, topologies, start);
  try {
    const cold = await warmUpAll(options, fresh, stages);
    if (cold !== undefined) {
      for (const { topology } of stages) lost(topology, start, cold);
      return;
    }
    for (const stage of stages) await fresh.warmUpMore?.(stage, start);
    const started = stages.flatMap(stage => limited(stage, fresh, start) ?? []);
    for (const turns of fresh.limited(started, start)) await take(turns);
    if (fresh.unlimited === undefined) return;
    for (const { budgets } of started) for (const budget of budgets?.values() ?? []) budget.lift();
    await take(fresh.unlimited(stages, start));
  } finally {
    await Promise.all(stages.map(stage => stage.stop()));
  }
}

/** Starts them side by side. One that does not start loses this start. */
async function openAll(
  { lab, signal }: MeasureOptions,
  { observersAreProxied = false, label, lost }: FreshStarts,
  topologies: readonly Topology[],
  start: number,
): Promise<Stage[]> {
  const opened = await Promise.allSettled(
    topologies.map(topology =>
      lab.open(
        topology,
        [topology.name, label, start + 1].filter(part => part !== undefined).join('-'),
        observersAreProxied && topology.members.some(({ role }) => role === 'observer'),
      ),
    ),
  );
  signal.throwIfAborted();
  return opened.flatMap((each, index) => {
    if (each.status === 'fulfilled') return [each.value];
    if (isDefect(each.reason)) throw each.reason;
    const why = (each.reason as Error).message.split('\n')[0];
    lost(topologies[index]!, start, `the ensemble did not start: ${why}`);
    return [];
  });
}

/** Loads all of them at once, so that none is warmer than another. Returns why it failed, if so. */
async function warmUpAll(
  { events, signal }: MeasureOptions,
  { experiment, warmUp }: FreshStarts,
  stages: readonly Stage[],
): Promise<string | undefined> {
  const { sessionsPerTarget, saturatedMs } = warmUp.load;
  const labels = stages.map(({ label }) => label).join(', ');
  events.emit({ kind: 'phase', what: `warming up ${labels} for ${experiment}` });
  try {
    const assignments = await Promise.all(stages.map(stage => stage.assignRoles()));
    await Promise.all(
      assignments.map(({ leader }) =>
        preload(leader.plan.ports.client, workloadOf(warmUp), sessionsPerTarget),
      ),
    );
    if (saturatedMs === 0 || stages.length === 0) return undefined;
    const load = { ...warmUp.load, saturatedMs: saturatedMs * stages.length };
    await loadTogether(assignments, { ...warmUp, load });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (isDefect(error)) throw error;
    return `the ensembles were not warmed up: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Those of these members; none where the machine cannot give budgets. */
export function budgetsOf({ budgets }: Started, members: readonly Member[]): CpuBudget[] {
  return members.flatMap(({ name }) => budgets?.get(name) ?? []);
}

/** Undefined when a member has ended meanwhile, and can be given no budget. */
function limited(stage: Stage, { budget, lost }: FreshStarts, start: number): Started | undefined {
  const { members } = stage.ensemble;
  if (budget === undefined || members.some(({ host }) => host.noBudget() !== undefined))
    return { stage, budgets: null };
  try {
    return { stage, budgets: new Map(members.map(member => [member.name, member.limitCpu(budget)])) };
  } catch (error) {
    lost(stage.topology, start, `a member could not be given its CPU budget: ${(error as Error).message}`);
    return undefined;
  }
}
