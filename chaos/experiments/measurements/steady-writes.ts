/**
 * What a write costs the leader of two ensembles that are loaded alike at the same time: at a steady rate, so
 * that none of them waits for CPU. What the machine does meanwhile, it does to both.
 */
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import { ENDED_EARLY } from '../../../bench/load/load-spec.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { CONDITIONS } from '../../../results/names.ts';
import type { RoleAssignment, Stage } from '../stage.ts';
import { levelZxid } from './link-counts.ts';
import { voterTargets, type WriteLoad, workloadOf } from './throughput.ts';

export interface SteadyContext {
  readonly stages: readonly Stage[];
  readonly round: number;
  readonly start: number;
  readonly recorder: Recorder;
  readonly driver: LoadDriver;
  readonly write: Pick<WriteLoad, 'load' | 'seed'>;
}

export interface SteadyOptions {
  readonly ratePerTarget: number;
  readonly windowMs: number;
}

/** An ensemble that commits fewer in a window is unwell, or the machine is. */
const WRITES_MIN = 50;

/** @throws LoadError; Error when the members do not become level after it */
export async function measureSteadyWrites(
  { stages, round, start, recorder, driver, write }: SteadyContext,
  { ratePerTarget, windowMs }: SteadyOptions,
): Promise<void> {
  const sides = await Promise.all(
    stages.map(async stage => ({ stage, assignment: await stage.assignRoles() })),
  );
  const targets = sides.flatMap(({ stage, assignment }) =>
    voterTargets(assignment).map(target => ({ ...target, name: `${stage.name} ${target.name}` })),
  );
  const before = await Promise.all(sides.map(usedBy));
  const { voidReasons } = await driver.run({
    targets,
    sessionsPerTarget: write.load.sessionsPerTarget,
    workload: workloadOf(write),
    mode: { kind: 'open', ratePerSecond: ratePerTarget * targets.length, arrivals: 'poisson' },
    warmupMs: 0,
    durationMs: windowMs,
  });
  const after = await Promise.all(sides.map(usedBy));
  for (const [index, { stage }] of sides.entries()) {
    const place = { metric: 'leaderCpuPerWrite', topology: stage.name, condition: CONDITIONS.steadyWrites };
    const [from, to] = [before[index]!, after[index]!];
    const transactions = Number(to.zxid - from.zxid);
    if (from.cpuMs === null || to.cpuMs === null) continue;
    // Late sends come late on both sides.
    if (voidReasons.includes(ENDED_EARLY)) recorder.voided(place, round, ENDED_EARLY);
    else if (transactions < WRITES_MIN)
      recorder.voided(place, round, `${transactions} writes, at least ${WRITES_MIN} are needed`);
    else recorder.sample(place, round, ((to.cpuMs - from.cpuMs) * 1_000) / transactions, start);
  }
}

/** Read when the members are level, so that the leader has done all the work of its writes. */
async function usedBy({
  stage,
  assignment: { leader },
}: {
  readonly stage: Stage;
  readonly assignment: RoleAssignment;
}) {
  const zxid = await levelZxid(stage.ensemble.members, leader);
  return { zxid, cpuMs: leader.host.threadsCpuMs(leader.pid) };
}
