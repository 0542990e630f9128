import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sumMarks } from './marks.ts';
import { minimise } from './minimise.ts';
import { readPlan, writePlan } from './plan-file.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

export interface RunSeedsOptions extends SimulationOptions {
  /** Which seeds to run, in this order. */
  seeds: Iterable<number>;
  /** Folder for the trace and the plan of a seed that failed. */
  traceDirectory: string;
  /**
   * Reduces the plan of each failing seed to the faults that matter. The trace is then that of the shorter
   * run.
   */
  minimise?: boolean;
  onProgress?: (result: SimulationResult) => void;
  /** Stops between two seeds. */
  signal?: AbortSignal;
}

export interface FailedSeed {
  readonly seed: number;
  readonly reason: string;
  readonly traceFile: string;
  /** For `replay`. */
  readonly planFile: string;
  /** Why these files are missing; absent when they were written. */
  readonly unstored?: string;
}

export interface RunSeedsSummary {
  readonly passed: number;
  readonly failed: readonly FailedSeed[];
  /** Seeds in which too little happened to judge. */
  readonly unknown: readonly number[];
  readonly acknowledgedWrites: number;
  readonly faultsInjected: number;
  readonly virtualMs: number;
  /** How often the members reached each mark of `marks.ts`. A 0 is a gap in these seeds. */
  readonly marks: Readonly<Record<string, number>>;
  /** Virtual milliseconds for each second of the wall clock. */
  readonly virtualMsPerSecond: number;
}

/** `first` to `first + count - 1`. */
export function* seedsFrom(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}

/** Simulates one seed after the other, giving the event loop a turn between them. */
export async function runSeeds(options: RunSeedsOptions): Promise<RunSeedsSummary> {
  const { seeds, traceDirectory, onProgress, signal, minimise: shorten = false, ...simulation } = options;
  const failed: FailedSeed[] = [];
  const unknown: number[] = [];
  const sum = { passed: 0, acknowledgedWrites: 0, faultsInjected: 0, virtualMs: 0 };
  const marks: ReadonlyMap<string, number>[] = [];
  const startedMs = performance.now();
  for (const seed of seeds) {
    if (signal?.aborted) break;
    const result = simulate(seed, simulation);
    sum.acknowledgedWrites += result.acknowledgedWrites;
    sum.faultsInjected += result.faultsInjected;
    sum.virtualMs += result.virtualMs;
    marks.push(result.marks);
    if (result.verdict === 'passed') sum.passed++;
    else if (result.verdict === 'unknown') unknown.push(seed);
    else failed.push(keepFailure(shorten ? minimise(result, simulation).result : result, traceDirectory));
    onProgress?.(result);
    await setImmediate();
  }
  const seconds = Math.max(performance.now() - startedMs, 1) / 1000;
  return {
    ...sum,
    failed,
    unknown,
    marks: Object.fromEntries(sumMarks(marks)),
    virtualMsPerSecond: sum.virtualMs / seconds,
  };
}

/** Replays a kept failure, in an ensemble of its shape. @throws PlanFileError */
export function replay(
  planFile: string,
  options: Omit<SimulationOptions, 'shape' | 'faults'>,
): SimulationResult {
  const { seed, faults, settings, reasons: _, ...shape } = readPlan(planFile);
  const swarm = settings === undefined ? options.swarm : { ...options.swarm, settings };
  return simulate(seed, { ...options, shape, faults, ...(swarm === undefined ? {} : { swarm }) });
}

function keepFailure(result: SimulationResult, directory: string): FailedSeed {
  const traceFile = join(directory, `seed-${result.seed}.trace`);
  const planFile = join(directory, `seed-${result.seed}.plan.json`);
  const failed = { seed: result.seed, reason: result.reasons[0] ?? 'no reason given', traceFile, planFile };
  try {
    mkdirSync(directory, { recursive: true });
    result.trace.writeTo(traceFile);
    writePlan(planFile, { ...result, ...result.shape });
    return failed;
  } catch (error) {
    // The seed itself can be run again, and the others go on.
    return { ...failed, unstored: (error as Error).message };
  }
}
