/**
 * A quiet client: it reads at a steady, modest rate, alone or beside one neighbour, and records how long it
 * waits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DRIVER_LIMITS } from '../load/driver/driver-monitor.ts';
import { LoadError } from '../load/load-error.ts';
import type { LoadDriver } from '../load/load-process.ts';
import type { LoadResult, LoadSpec, LoadTarget } from '../load/load-spec.ts';
import type { WorkloadSpec } from '../load/workload/workload.ts';
import type { NeighbourProcess } from './neighbour-process.ts';
import type { NeighbourName } from './neighbours.ts';
import { type Waits, waitsOf } from './waits.ts';

/** `preload` creates the znodes that it reads. */
export const QUIET_WORKLOAD: WorkloadSpec = {
  mix: { getData: 1 },
  valueBytes: 100,
  keyCount: 100,
  skew: { kind: 'uniform' },
  root: '/quiet',
  seed: 1,
};
const DRAIN_MS = 2_000;
const SESSION_TIMEOUT_MS = 30_000;

export interface QuietClientSpec {
  readonly driver: LoadDriver;
  readonly neighbours: NeighbourProcess;
  readonly target: LoadTarget;
  /** Undefined when the client is alone. */
  readonly neighbour: NeighbourName | undefined;
  /** Where the neighbour connects. @default the same member */
  readonly neighbourTarget?: LoadTarget;
  readonly readsPerSecond: number;
  /** The neighbour starts in the middle of the warm-up. */
  readonly warmupMs: number;
  readonly durationMs: number;
}

export interface MeasuredQuietClient {
  readonly waits: Waits;
  /** Why the waits do not count, one sentence each. */
  readonly voidReasons: readonly string[];
  readonly driverLagMs: number;
  /** Requests that the server served for the neighbour; undefined without one. */
  readonly neighbourPerSecond: number | undefined;
}

export async function measureQuietClient(spec: QuietClientSpec): Promise<MeasuredQuietClient> {
  const { driver, durationMs } = spec;
  const running = driver.run(loadOf(spec)).catch((error: unknown) => {
    // The client did not even get a session.
    if (error instanceof LoadError) return undefined;
    throw error;
  });
  const beside = await besideNeighbour(spec, running);
  const load = await running;
  const driverLagMs = load?.driver.loopLagP99Ms ?? 0;
  const voidReasons: string[] = [];
  if (driverLagMs > DRIVER_LIMITS.loopLagP99Ms)
    voidReasons.push(`the driver itself waited ${driverLagMs.toFixed(0)} ms for a core`);
  // A server that answers neither the client nor the neighbour was still kept busy.
  if (beside?.did === 0 && load?.totals.unknown === 0) voidReasons.push('the neighbour got nothing done');
  const neighbourPerSecond = beside && beside.did / beside.seconds;
  return { waits: waitsOf(load, durationMs + DRAIN_MS), voidReasons, driverLagMs, neighbourPerSecond };
}

/** What the neighbour got done; undefined without one. */
async function besideNeighbour(
  { driver, neighbours, neighbour, target, neighbourTarget = target, warmupMs }: QuietClientSpec,
  running: Promise<LoadResult | undefined>,
): Promise<{ readonly did: number; readonly seconds: number } | undefined> {
  if (neighbour === undefined) return undefined;
  // The quiet client starts first. A neighbour that kept it from getting a session at all would leave nothing
  // to measure.
  await delay(warmupMs / 2);
  try {
    await neighbours.begin(neighbour, neighbourTarget);
    const fromMs = performance.now();
    await running;
    const seconds = (performance.now() - fromMs) / 1000;
    return { did: await neighbours.stop(), seconds };
  } catch (error) {
    driver.abort();
    await running;
    throw error;
  }
}

function loadOf({ target, readsPerSecond, warmupMs, durationMs }: QuietClientSpec): LoadSpec {
  return {
    targets: [target],
    sessionsPerTarget: 1,
    workload: QUIET_WORKLOAD,
    mode: { kind: 'open', ratePerSecond: readsPerSecond, arrivals: 'constant' },
    warmupMs,
    durationMs,
    drainMs: DRAIN_MS,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  };
}
