/** The windows of one start of `roles`: what is measured of ensembles that run side by side. */
import {
  type BudgetShares,
  budgetShares,
  overBudget,
  spoiltByMachine,
} from '../../bench/rounds/budget-proof.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import { CONDITIONS, observerLatencyCondition } from '../../results/names.ts';
import { latency } from '../faults/latency.ts';
import { type ConditionFault, cutOff } from './condition-fault.ts';
import { budgetsOf, type Started } from './fresh-starts.ts';
import { contextOf, type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { recordWrites, type WriteContext } from './measurements/record-writes.ts';
import { measureWrites, type WriteLoad } from './measurements/throughput.ts';
import { measureWritesUnderFault } from './measurements/writes-under-fault.ts';
import type { RolesOptions } from './role-keys.ts';
import type { RoleAssignment, Stage } from './stage.ts';

type Options = MeasureOptions<RolesOptions>;

const SATURATED = ['saturated'] as const;
const PACED = ['paced'] as const;

/** As many writes as go within the budgets. */
export function throughputTurns(options: Options, all: readonly Started[], start: number): Turn[] {
  return all.map(started => healthyTurn(options, started, CONDITIONS.healthy, start));
}

/** The same with the observers cut off, and in turn with it without the cut. */
export function cutTurns(options: Options, all: readonly Started[], start: number): Turn[] {
  const { recorder } = options;
  const condition = CONDITIONS.observersBlackholed;
  return all.flatMap((started): Turn[] => [
    healthyTurn(options, started, CONDITIONS.withoutTheCut, start),
    turn(options, started.stage, condition, (assignment, round) =>
      measureWritesUnderFault(
        contextOf(options, started.stage, condition, round),
        assignment,
        saturatedOf(options),
        {
          ...cutOff(started.stage, assignment.observers),
          loads: SATURATED,
          start,
          watch() {
            const shares = sharesOf(started, assignment);
            return () => {
              const used = shares();
              recordShares({ recorder, ...placeOf(started.stage, condition), round, start }, used);
              return spoiltByMachine(used);
            };
          },
        },
      ),
    ),
  ]);
}

/** Latencies of writes at the voters and of reads at an observer, healthy and with slow observer links. */
export function latencyTurns(options: Options, stages: readonly Stage[], start: number): Turn[] {
  const { recorder } = options;
  const write = writeLoadOf(options);
  const condition = observerLatencyCondition(options.suite.observerLatency!);
  return stages.flatMap((stage): Turn[] => [
    turn(options, stage, CONDITIONS.healthy, async (assignment, round) => {
      const sample = await measureWrites(stage, assignment, write, { loads: PACED });
      recordWrites({ recorder, ...placeOf(stage, CONDITIONS.healthy), round, start }, sample, []);
    }),
    turn(options, stage, condition, (assignment, round) => {
      const context = contextOf(options, stage, condition, round);
      const fault = slow(options, stage, assignment);
      return measureWritesUnderFault(context, assignment, write, { ...fault, loads: PACED, start });
    }),
  ]);
}

function healthyTurn(options: Options, started: Started, condition: string, start: number): Turn {
  const { stage } = started;
  const write = saturatedOf(options);
  return turn(options, stage, condition, async (assignment, round) => {
    const window = async () => {
      const shares = sharesOf(started, assignment);
      const sample = await measureWrites(stage, assignment, write, { loads: SATURATED });
      return { sample, used: shares() };
    };
    const first = await window();
    // Only the machine spoils a window, so a second one is no second chance for the servers.
    const { sample, used } = overBudget(first.used).length === 0 ? first : await window();
    const context = { recorder: options.recorder, ...placeOf(stage, condition), round, start };
    recordShares(context, used);
    recordWrites(context, sample, overBudget(used));
  });
}

function sharesOf(started: Started, { leader }: RoleAssignment): () => BudgetShares {
  return budgetShares(budgetsOf(started, [leader]), leader.host);
}

function recordShares(
  { recorder, topology, condition, round, start }: WriteContext,
  { throttled, idle }: BudgetShares,
): void {
  for (const [metric, share] of [
    ['leaderThrottled', throttled],
    ['machineIdle', idle],
  ] as const)
    if (share !== undefined) recorder.sample({ metric, topology, condition }, round, share * 100, start);
}

function turn(
  { cells, suite }: Options,
  stage: Stage,
  condition: string,
  measure: (assignment: RoleAssignment, round: number) => Promise<void>,
): Turn {
  const of = suite.roles.starts * suite.roles.rounds;
  return {
    measure: round =>
      // A member that was started again would be cold and without a budget, so its ensemble is not mended.
      cells.measure({ experiment: 'roles', stage, condition, round, of, isMended: false }, async () =>
        measure(await stage.assignRoles(), round),
      ),
  };
}

function slow({ suite }: Options, stage: Stage, { observers }: RoleAssignment): ConditionFault {
  const { ms, jitterMs } = suite.observerLatency!;
  const select = { from: stage.ends(observers), to: 'any', both: true } as const;
  return { fault: latency({ select, latencyMs: ms, jitterMs }), cut: [] };
}

function placeOf({ name }: Stage, condition: string) {
  return { topology: name, condition };
}

/** @param load @default that of a window */
export function saturatedOf(
  options: Options,
  load: Pick<WriteLoad['load'], 'warmupMs' | 'saturatedMs' | 'depth'> = windowOf(options),
): WriteLoad {
  const { sessionsPerTarget } = options.suite.roles;
  const write = writeLoadOf(options);
  return { ...write, load: { ...write.load, sessionsPerTarget, ...load } };
}

function windowOf({ suite }: Options): Pick<WriteLoad['load'], 'warmupMs' | 'saturatedMs' | 'depth'> {
  const { settleMs, windowMs, depth } = suite.roles;
  return { warmupMs: settleMs, saturatedMs: windowMs, depth };
}
