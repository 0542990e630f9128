/** One round of one server: how long a quiet client waits for its reads, alone and beside each neighbour. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Metric } from '../../results/names.ts';
import { DRIVER_LIMITS } from '../load/driver-monitor.ts';
import { LoadError } from '../load/load-error.ts';
import type { LoadDriver } from '../load/load-process.ts';
import type { LoadResult, LoadSpec, LoadTarget } from '../load/load-spec.ts';
import type { WorkloadSpec } from '../load/workload.ts';
import type { Round } from '../peer/servers.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import type { NeighbourProcess } from './neighbour-process.ts';
import { NEIGHBOURS, type NeighbourName } from './neighbours.ts';
import { waitsOf } from './waits.ts';

export const QUIET_WORKLOAD: WorkloadSpec = {
  mix: { getData: 1 },
  valueBytes: 100,
  keyCount: 100,
  skew: { kind: 'uniform' },
  seed: 1,
};
export const QUIET_READS_PER_SECOND = 500;
const WARMUP_MS = 1_000;
const DRAIN_MS = 2_000;
/** Until what a neighbour left behind is over. */
const SETTLE_MS = 300;
/** Until an ensemble that was disturbed has one leader again. */
const SETTLED_MAX_MS = 60_000;

export const NEIGHBOUR_NAMES = Object.keys(NEIGHBOURS) as NeighbourName[];
const PHASES = ['alone', ...NEIGHBOUR_NAMES] as const;
type Phase = (typeof PHASES)[number];

const p99Of = (phase: Phase) => `quietReadP99 ${phase}`;
const slowestOf = (phase: Phase) => `quietReadSlowest ${phase}`;

export const FAIRNESS_METRICS: readonly Metric[] = PHASES.flatMap(phase => {
  const title = phase === 'alone' ? 'Alone' : `Beside ${NEIGHBOURS[phase].title}`;
  return [
    { name: p99Of(phase), title: `${title}: 99th percentile`, unit: 'ms', higherIsBetter: false },
    { name: slowestOf(phase), title: `${title}: slowest`, unit: 'ms', higherIsBetter: false },
  ];
});

export interface FairnessRoundSpec {
  readonly neighbours: NeighbourProcess;
  readonly driver: LoadDriver;
  /** Of each phase. */
  readonly durationMs: number;
}

/** @throws the reason of `signal` when it is aborted before the last phase */
export async function measureFairnessRound(
  ensemble: Ensemble,
  spec: FairnessRoundSpec,
  signal: AbortSignal,
): Promise<Round> {
  const { durationMs } = spec;
  const readings: Record<string, number> = {};
  const voidReasons: string[] = [];
  let driverLagMs = 0;
  for (const phase of PHASES) {
    signal.throwIfAborted();
    const target = await quietTarget(ensemble);
    const { load, voidReasons: reasons } = await measurePhase(phase, quietLoad(target, durationMs), spec);
    const { p99, slowest } = waitsOf(load, wholePhaseMs(durationMs));
    readings[p99Of(phase)] = p99;
    readings[slowestOf(phase)] = slowest;
    voidReasons.push(...reasons.map(reason => `${phase}: ${reason}`));
    driverLagMs = Math.max(driverLagMs, load?.driver.loopLagP99Ms ?? 0);
    await delay(SETTLE_MS);
  }
  return { readings, voidReasons, driverLagMs };
}

/** At the leader of an ensemble that serves: what the last neighbour did to it may have ended a leadership, or a member. */
async function quietTarget(ensemble: Ensemble): Promise<LoadTarget> {
  for (const member of ensemble.members) if (!member.process.isRunning) await ensemble.restart(member.name);
  const giveUpAt = performance.now() + SETTLED_MAX_MS;
  for (;;) {
    await ensemble.ready();
    try {
      const leader = await ensemble.leader();
      return { name: leader.name, ...leader.plan.ports.client };
    } catch (error) {
      // A leader that has not noticed yet that it is one no more.
      if (!(error instanceof EnsembleError) || performance.now() > giveUpAt) throw error;
      await delay(SETTLE_MS);
    }
  }
}

interface MeasuredPhase {
  /** Undefined when the quiet client did not even get a session. */
  readonly load: LoadResult | undefined;
  readonly voidReasons: readonly string[];
}

async function measurePhase(
  phase: Phase,
  quiet: LoadSpec,
  { driver, neighbours }: FairnessRoundSpec,
): Promise<MeasuredPhase> {
  const running = driver.run(quiet).catch((error: unknown) => {
    if (error instanceof LoadError) return undefined;
    throw error;
  });
  if (phase === 'alone') return { load: await running, voidReasons: heldUp(await running) };
  // The quiet client is there first: a neighbour that keeps it from getting a session at all would leave nothing to measure.
  await delay(WARMUP_MS / 2);
  await neighbours.begin(phase, quiet.targets[0]!);
  const load = await running;
  const did = await neighbours.stop();
  // A server that answers neither of them was kept busy all the same.
  const idle = did === 0 && load !== undefined && load.totals.unknown === 0;
  return { load, voidReasons: [...heldUp(load), ...(idle ? ['the neighbour got nothing done'] : [])] };
}

function heldUp(load: LoadResult | undefined): string[] {
  const lagMs = load?.driver.loopLagP99Ms ?? 0;
  return lagMs > DRIVER_LIMITS.loopLagP99Ms
    ? [`the driver itself waited ${lagMs.toFixed(0)} ms for a core`]
    : [];
}

function wholePhaseMs(durationMs: number): number {
  return durationMs + DRAIN_MS;
}

function quietLoad(target: LoadTarget, durationMs: number): LoadSpec {
  return {
    targets: [target],
    sessionsPerTarget: 1,
    workload: QUIET_WORKLOAD,
    mode: { kind: 'open', ratePerSecond: QUIET_READS_PER_SECOND, arrivals: 'constant' },
    warmupMs: WARMUP_MS,
    durationMs,
    drainMs: DRAIN_MS,
    sessionTimeoutMs: 30_000,
  };
}
