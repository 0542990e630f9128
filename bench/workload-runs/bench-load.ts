/** `zklab bench load`: one workload against one ensemble, once. */
import { CONDITIONS } from '../../results/names.ts';
import type { ExitCode } from '../../results/verdicts.ts';
import { profileMs } from '../load/rate-profile.ts';
import type { LoadPlan } from '../load/workload/workload-file.ts';
import { outputColumns, type Terminal } from '../terminal.ts';
import { loadMeasurements } from './load-result.ts';
import { loadTable } from './load-table.ts';
import { commandLineOf, runWorkloadCommand, type WorkloadOptions } from './workload-command.ts';

export interface BenchLoadOptions extends WorkloadOptions {
  /** Undefined: as long as the rate of the workload changes, or DURATION_MS. */
  readonly forMs: number | undefined;
}

const DURATION_MS = 10_000;
const LIMITS = [
  'One window of one load has no interval. "zklab bench ab" and suites repeat and compare.',
  'Driver and members compete for the same cores on one machine.',
];

/** The exit code is 3 when the load is void. @throws as `runWorkloadCommand` */
export function benchLoad(terminal: Terminal, options: BenchLoadOptions): Promise<ExitCode> {
  return runWorkloadCommand(terminal, options, plan => {
    const durationMs = options.forMs ?? lengthOf(plan);
    return {
      name: 'load',
      commandLine: `${commandLineOf('load', options)} --for ${durationMs}ms`,
      async measure({ ensemble, drivers, specOf }, { name, drivers: driverCount }, events) {
        const { warmupMs, signal } = options;
        const what = `${name}: ${durationMs / 1000} s after ${warmupMs / 1000} s of warm-up`;
        events.emit({ kind: 'phase', what });
        signal.throwIfAborted();
        const load = await drivers.run(specOf({ warmupMs, durationMs }), signal);
        return {
          measurements: loadMeasurements(load, ensemble.row.name, CONDITIONS.healthy),
          voidReasons: load.voidReasons,
          inputs: { drivers: driverCount, mode: load.spec.mode, warmupMs, durationMs },
          limits: LIMITS,
          text: loadTable(load, outputColumns()),
        };
      },
    };
  });
}

function lengthOf({ mode, replay }: LoadPlan): number {
  if (replay !== undefined) return replay.lengthMs;
  return mode.kind === 'profile' ? profileMs(mode.segments) : DURATION_MS;
}
