/** `zklab chaos SCHEDULE`: runs a schedule and gives judgements, a result document and an exit code. */
import { present, type Views } from '../../bench/present.ts';
import { recordRun } from '../../bench/recorded-run.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { ExitCode } from '../../results/verdicts.ts';
import { faultHostOf } from '../faults/host.ts';
import { refusalOf } from '../faults/index.ts';
import { readSchedule, type Schedule } from './index.ts';
import { runSchedule } from './run-schedule.ts';

export interface ChaosOptions {
  /** Overrides the topology of the schedule. */
  readonly topology?: string;
  readonly seed?: number;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** @default RUNS_ROOT */
  readonly runsRoot?: string;
}

const SEED_BELOW = 2 ** 31;

/** An interrupted run is not judged. @throws UsageError, EnsembleError; nothing is left running */
export async function chaos(
  terminal: Terminal,
  views: Views,
  reference: string,
  options: ChaosOptions,
): Promise<ExitCode> {
  const { json = false, signal, runsRoot } = options;
  const schedule = readSchedule(reference);
  const topology =
    options.topology === undefined
      ? readTopology(schedule.topology, schedule.origin.at('topology'), schedule.folder)
      : readTopology(options.topology, '--topology');
  refuseImpossible(schedule, topology);
  const seed = options.seed ?? Math.floor(Math.random() * SEED_BELOW);
  const commandLine = commandLineOf(reference, options, seed);
  const nothingJudged = 'interrupted: nothing was judged, and nothing is left running';
  return recordRun(terminal, { name: schedule.name, json, root: runsRoot }, run =>
    present(run, { terminal, views, json, signal, nothingJudged }, () =>
      runSchedule({ schedule, topology, seed, commandLine, run, signal }),
    ),
  );
}

/** @throws UsageError naming the first step whose fault is impossible on this topology */
function refuseImpossible({ origin, steps }: Schedule, topology: Topology): void {
  const host = faultHostOf(topology);
  for (const [at, { fault }] of steps.entries()) {
    const refusal = refusalOf(fault, host);
    if (refusal !== undefined)
      throw new UsageError(
        `${origin.at('steps', at)}: ${fault.name} on topology ${topology.shortForm}: ${refusal}`,
      );
  }
}

/** The command line that repeats this run. */
function commandLineOf(schedule: string, { topology }: ChaosOptions, seed: number): string {
  const instead = topology === undefined ? '' : ` --topology "${topology}"`;
  return `zklab chaos ${schedule}${instead} --seed ${seed}`;
}
