/**
 * Measures what a role costs: as many processes in other roles, side by side on direct links, each within the
 * same CPU budget. Every start has fresh ensembles.
 */
import { z } from 'zod';
import { budgetShares, overBudget } from '../../bench/rounds/budget-proof.ts';
import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { topologyTexts } from '../../bench/topology/topology-texts.ts';
import { CONDITIONS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { budgetsOf, measureFreshStarts, type Started } from './fresh-starts.ts';
import { type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { countPath, READ_PATHS, sizedPaths, WRITE_PATHS } from './measurements/paths.ts';
import { recordWrites } from './measurements/record-writes.ts';
import { measureWrites, type WriteLoad } from './measurements/throughput.ts';
import { hasObservers, type Stage } from './stage.ts';
import { count, depth, milliseconds, sessions } from './suite.ts';

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
    /** What single operations cost, counted once per topology. A suite without it does not count them. */
    paths: z
      .strictObject({
        windowMs: count,
        /** Sizes of values, written at the leader. */
        valueBytes: z.array(count).min(1),
      })
      .optional(),
  }),
};

type RolesOptions = z.infer<z.ZodObject<typeof keys>>;

export const roles: Experiment<RolesOptions> = {
  name: 'roles',
  description:
    'writes of equal processes in other roles, on direct links and within equal CPU budgets; what single operations cost them',
  keys,
  withRounds: ({ roles }, rounds) => ({
    roles: { ...roles, starts: Math.ceil(rounds / roles.rounds) },
  }),
  provides: ({ roles }) => (roles.paths === undefined ? ['roles'] : ['roles', 'paths']),
  ownTopologies: ({ roles }) => ({ texts: roles.topologies, budget: roles.budget }),
  share: 0.38,
  expectedMs({ roles }, { own }) {
    const { starts, rounds, warmupMs, settleMs, windowMs } = roles;
    const ofOne = (topology: Topology) =>
      ensembleMs(topology) + loadMs(0, warmupMs) + rounds * loadMs(settleMs, windowMs);
    return starts * own.reduce((sum, each) => sum + ofOne(each), 0);
  },
  async run(options) {
    const { suite, lab, cells, recorder, needs } = options;
    const { starts, rounds, budget, warmupMs, topologies } = suite.roles;
    // Counts do not differ from start to start.
    const wanted = needs.has('roles') ? { starts, rounds } : { starts: 1, rounds: 0 };
    await measureFreshStarts(options, {
      experiment: this.name,
      ...{ ...wanted, budget, share: this.share },
      groups: bySize(lab.ownTopologies(topologies)),
      warmUp: loadOf(options, { warmupMs: 0, saturatedMs: warmupMs }),
      measure: (started, start, round) => measureWindow(options, started, start, round),
      async measureUnlimited(stage, start) {
        if (start === 0 && needs.has('paths')) await countPaths(options, stage);
      },
      lost({ name: topology }, start, reason) {
        const place = { topology, condition: CONDITIONS.healthy };
        for (let round = start * rounds; round < (start + 1) * rounds; round++) {
          cells.lose({ experiment: roles.name, ...place }, round, reason);
          recorder.voided({ ...place, metric: 'writeThroughput' }, round, reason);
        }
      },
    });
  },
};

/** Sizes matter only where a follower and an observer can be compared: both at the leader. */
async function countPaths(options: MeasureOptions<RolesOptions>, stage: Stage): Promise<void> {
  const { cells, lab, recorder, suite } = options;
  const { windowMs, valueBytes } = suite.roles.paths!;
  const write = writeLoadOf(options);
  const isCompared = hasObservers(stage) && !stage.topology.observerMasters;
  const sized = isCompared ? sizedPaths(valueBytes) : [];
  const cast = await stage.cast();
  for (const path of [...WRITE_PATHS, ...READ_PATHS, ...sized]) {
    if (path.at(cast) === undefined) continue;
    const cell = { experiment: roles.name, stage, condition: path.condition, round: 0, of: 1 };
    const occasion = { stage, round: 0, start: 0, recorder, driver: lab.driver, write, windowMs };
    await cells.measure({ ...cell, isMended: false }, () => countPath(occasion, path));
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

async function measureWindow(
  options: MeasureOptions<RolesOptions>,
  started: Started,
  start: number,
  round: number,
): Promise<void> {
  const { recorder, cells, suite } = options;
  const { stage } = started;
  const { starts, rounds, settleMs, windowMs } = suite.roles;
  const condition = CONDITIONS.healthy;
  const topology = stage.name;
  // A member that was started again would be cold and without a budget, so its ensemble is not mended.
  const cell = { experiment: roles.name, stage, condition, round, of: starts * rounds, isMended: false };
  await cells.measure(cell, async () => {
    const cast = await stage.cast();
    const shares = budgetShares(budgetsOf(started, [cast.leader]), cast.leader.host);
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
