/**
 * Measures what a role costs: as many processes in other roles, side by side on direct links, each within the
 * same CPU budget. Every start has fresh ensembles, because an ensemble keeps its leader and its compiled
 * code, and rounds of one ensemble alone would repeat that chance.
 */
import { z } from 'zod';
import { isDefect } from '../../bench/defect.ts';
import type { CpuBudget } from '../../bench/hosts/cpu-budget.ts';
import { preload } from '../../bench/load/preload.ts';
import { budgetShares, overBudget } from '../../bench/rounds/budget-proof.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { recordWrites } from './measurements/record-writes.ts';
import { measureWrites, type WriteLoad, workloadOf } from './measurements/throughput.ts';
import type { Stage } from './stage.ts';
import { count, depth, milliseconds, sessions, topologyTexts } from './suite.ts';

const keys = {
  /** Writes of ensembles with equal processes in other roles. */
  roles: z.strictObject({
    /** How often all ensembles are started anew. */
    starts: count,
    /** Interleaved rounds of each start. */
    rounds: count,
    /** CPU of each member, in cores, where the machine can limit it. */
    budget: z.number().min(0.01).max(64),
    topologies: topologyTexts,
    sessionsPerTarget: sessions,
    depth,
    /** At full speed, before the budgets are set: within its budget, a server would get warm slowly. */
    warmupMs: milliseconds,
    /** The part of a window that is not measured. */
    settleMs: milliseconds,
    windowMs: count,
  }),
};

type RolesOptions = z.infer<z.ZodObject<typeof keys>>;

export const roles: Experiment<RolesOptions> = {
  name: 'roles',
  description: 'writes of equal processes in other roles, on direct links and within equal CPU budgets',
  keys,
  withRounds: ({ roles }, rounds) => ({
    roles: { ...roles, starts: Math.ceil(rounds / roles.rounds) },
  }),
  provides: () => ['roles'],
  ownTopologies: ({ roles }) => ({ texts: roles.topologies, budget: roles.budget }),
  share: 0.38,
  async run(options) {
    const { suite, plan } = options;
    const { starts } = suite.roles;
    const wanted = { rounds: starts, roundsMin: Math.min(suite.roundsMin, starts), share: this.share };
    await plan.repeat('roles', wanted, start => measureStart(options, start));
  },
};

/** The ensembles of one start. */
interface Started {
  readonly stage: Stage;
  /** Null where the machine cannot give budgets. */
  readonly budgets: ReadonlyMap<string, CpuBudget> | null;
}

async function measureStart(options: MeasureOptions<RolesOptions>, start: number): Promise<void> {
  const { suite, lab, plan } = options;
  const { rounds } = suite.roles;
  for (const topologies of bySize(lab.ownTopologies(suite.roles.topologies))) {
    const started: Started[] = [];
    try {
      for (const topology of topologies) {
        const each = await startOne(options, topology, start);
        if (each !== undefined) started.push(each);
      }
      const turns = started.map(
        (each): Turn => ({ measure: round => measureWindow(options, each, start, round) }),
      );
      for (let round = 0; round < rounds; round++) await plan.take(turns, start * rounds + round);
    } finally {
      await Promise.all(started.map(({ stage }) => stage.stop()));
    }
  }
}

/** Only ensembles of as many processes are compared, so only those run at the same time. */
function bySize(topologies: readonly Topology[]): Topology[][] {
  const groups = new Map<number, Topology[]>();
  for (const topology of topologies) {
    const { length } = topology.members;
    groups.set(length, [...(groups.get(length) ?? []), topology]);
  }
  return [...groups.values()];
}

/** Undefined when the ensemble did not start or could not be loaded: it loses the rounds of this start. */
async function startOne(
  options: MeasureOptions<RolesOptions>,
  topology: Topology,
  start: number,
): Promise<Started | undefined> {
  const { suite, lab, recorder, signal, cells } = options;
  const { rounds } = suite.roles;
  let stage: Stage | undefined;
  try {
    stage = await lab.open(topology, `${topology.name}-${start + 1}`);
    return await warmedUp(options, stage);
  } catch (error) {
    await stage?.stop();
    signal.throwIfAborted();
    if (isDefect(error)) throw error;
    const place = { topology: topology.name, condition: CONDITIONS.healthy };
    const reason = `the ensemble did not start: ${(error as Error).message.split('\n')[0]}`;
    for (let round = 0; round < rounds; round++) {
      cells.lose({ experiment: roles.name, ...place }, start * rounds + round, reason);
      recorder.voided({ ...place, metric: 'writeThroughput' }, start * rounds + round, reason);
    }
    return undefined;
  }
}

async function warmedUp(options: MeasureOptions<RolesOptions>, stage: Stage): Promise<Started> {
  const { suite, events } = options;
  const { budget, warmupMs } = suite.roles;
  events.emit({ kind: 'phase', what: `warming up ${stage.label}` });
  const write = loadOf(options, { warmupMs: 0, saturatedMs: warmupMs });
  const cast = await stage.cast();
  await preload(cast.leader.plan.ports.client, workloadOf(write), write.load.sessionsPerTarget);
  if (warmupMs > 0) await measureWrites(stage, cast, write, { loads: ['saturated'] });
  return { stage, budgets: budgetsOf(stage, budget) };
}

function budgetsOf({ ensemble }: Stage, cores: number): ReadonlyMap<string, CpuBudget> | null {
  if (ensemble.members.some(({ host }) => host.noBudget() !== undefined)) return null;
  return new Map(ensemble.members.map(member => [member.name, member.limitCpu(cores)]));
}

async function measureWindow(
  options: MeasureOptions<RolesOptions>,
  { stage, budgets }: Started,
  start: number,
  round: number,
): Promise<void> {
  const { recorder, cells, suite } = options;
  const { starts, rounds, settleMs, windowMs } = suite.roles;
  const condition = CONDITIONS.healthy;
  const topology = stage.name;
  // A member that was started again would be cold and without a budget, so its ensemble is not mended.
  const cell = { experiment: roles.name, stage, condition, round, of: starts * rounds, isMended: false };
  await cells.measure(cell, async () => {
    const cast = await stage.cast();
    const shares = budgetShares(budgets?.get(cast.leader.name), cast.leader.host);
    const write = loadOf(options, { warmupMs: settleMs, saturatedMs: windowMs });
    const sample = await measureWrites(stage, cast, write, { loads: ['saturated'] });
    const used = shares();
    recordWrites({ recorder, topology, condition, round, start }, sample, overBudget(used));
    for (const [metric, share] of [
      ['leaderThrottled', used.throttled],
      ['machineIdle', used.idle],
    ] as const)
      if (share !== undefined) recorder.sample({ metric, topology, condition }, round, share * 100, start);
  });
}

function loadOf(
  options: MeasureOptions<RolesOptions>,
  times: Pick<WriteLoad['load'], 'warmupMs' | 'saturatedMs'>,
): WriteLoad {
  const { sessionsPerTarget, depth } = options.suite.roles;
  const write = writeLoadOf(options);
  return { ...write, load: { ...write.load, sessionsPerTarget, depth, ...times } };
}
