/** What one seed came to, as plain data: it crosses from a worker to the command. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type SimulationOptions, type SimulationResult, simulate } from '../simulate.ts';
import { minimise } from './minimise.ts';
import { writePlan } from './plan-file.ts';

export interface SeedOptions extends SimulationOptions {
  /** Folder for the trace and the plan of a seed that failed. */
  traceDirectory: string;
  /**
   * Reduces the plan of each failing seed to the faults that matter. The trace is then that of the shorter
   * run.
   */
  minimise?: boolean;
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

/** Of the run as the seed planned it, not of the shorter one. */
export interface SeedReport
  extends Pick<
    SimulationResult,
    'seed' | 'verdict' | 'reasons' | 'acknowledgedWrites' | 'faultsInjected' | 'virtualMs' | 'marks'
  > {
  /** Present when the seed failed. */
  readonly failure?: FailedSeed;
}

/** Simulates a seed, and keeps the trace and the plan if it fails. */
export function runSeed(seed: number, options: SeedOptions): SeedReport {
  const { traceDirectory, minimise: shorten = false, ...simulation } = options;
  const result = simulate(seed, simulation);
  const { verdict, reasons, acknowledgedWrites, faultsInjected, virtualMs, marks } = result;
  const report = { seed, verdict, reasons, acknowledgedWrites, faultsInjected, virtualMs, marks };
  if (verdict !== 'failed') return report;
  const shortest = shorten ? minimise(result, simulation).result : result;
  return { ...report, failure: keepFailure(shortest, traceDirectory) };
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
