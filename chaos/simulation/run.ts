import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sumMarks } from './marks.ts';
import { minimise } from './minimise.ts';
import { readPlan, writePlan } from './plan-file.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

export interface RunSeedOptions extends SimulationOptions {
  /** Folder for the trace and the plan of a seed that failed. */
  traceDirectory: string;
  /**
   * Reduces the plan of each failing seed to the faults that matter. The trace is then that of the shorter
   * run.
   */
  minimise?: boolean;
}

export interface RunSeedsOptions extends RunSeedOptions {
  /** Which seeds to run, in this order. */
  seeds: Iterable<number>;
  onProgress?: (report: SeedReport) => void;
  /** Stops between two seeds. */
  signal?: AbortSignal;
}

/** What is kept of one seed. A worker sends it to its parent, so it is plain data. */
export interface SeedReport
  extends Pick<
    SimulationResult,
    'seed' | 'verdict' | 'reasons' | 'acknowledgedWrites' | 'faultsInjected' | 'virtualMs' | 'marks'
  > {
  readonly failed: FailedSeed | undefined;
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

/** Simulates one seed, and keeps its trace and its plan if it fails. */
export function runSeed(seed: number, options: RunSeedOptions): SeedReport {
  const { traceDirectory, minimise: shorten = false, ...simulation } = options;
  const result = simulate(seed, simulation);
  const { verdict, reasons, acknowledgedWrites, faultsInjected, virtualMs, marks } = result;
  const failed =
    verdict === 'failed'
      ? keepFailure(shorten ? minimise(result, simulation).result : result, traceDirectory)
      : undefined;
  return { seed, verdict, reasons, acknowledgedWrites, faultsInjected, virtualMs, marks, failed };
}

/** Simulates one seed after the other, giving the event loop a turn between them. */
export async function runSeeds(options: RunSeedsOptions): Promise<RunSeedsSummary> {
  const { seeds, onProgress, signal, ...each } = options;
  const summing = new SeedSum();
  for (const seed of seeds) {
    if (signal?.aborted) break;
    const report = runSeed(seed, each);
    summing.add(report);
    onProgress?.(report);
    await setImmediate();
  }
  return summing.summary();
}

/** Adds up what seeds report, in any order. */
export class SeedSum {
  readonly #reports: SeedReport[] = [];
  readonly #startedMs = performance.now();

  add(report: SeedReport): void {
    this.#reports.push(report);
  }

  summary(): RunSeedsSummary {
    const reports = this.#reports.toSorted((a, b) => a.seed - b.seed);
    const sum = (of: (report: SeedReport) => number) => reports.reduce((all, report) => all + of(report), 0);
    const virtualMs = sum(report => report.virtualMs);
    const seconds = Math.max(performance.now() - this.#startedMs, 1) / 1000;
    return {
      passed: sum(({ verdict }) => Number(verdict === 'passed')),
      failed: reports.flatMap(({ failed }) => (failed === undefined ? [] : [failed])),
      unknown: reports.filter(({ verdict }) => verdict === 'unknown').map(({ seed }) => seed),
      acknowledgedWrites: sum(report => report.acknowledgedWrites),
      faultsInjected: sum(report => report.faultsInjected),
      virtualMs,
      marks: Object.fromEntries(sumMarks(reports.map(({ marks }) => marks))),
      virtualMsPerSecond: virtualMs / seconds,
    };
  }
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
