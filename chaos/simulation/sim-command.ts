/** `zklab sim`: runs seeds of the simulation, one on each core, and prints their outcomes. */
import { join } from 'node:path';
import { type SeedOutcome, seedText } from '../../bench/progress.ts';
import { recordRun, unlessUnstored } from '../../bench/recorded-run.ts';
import { shellWord } from '../../bench/shell-word.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { makeRoot } from '../../results/store.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { PlanFileError, readPlan } from './seeds/plan-file.ts';
import { type Replayed, replayInThread } from './seeds/replay-thread.ts';
import { type RunSeedsSummary, runSeeds, seedsFrom } from './seeds/run.ts';
import type { SeedReport } from './seeds/seed-report.ts';
import { seedWorkers } from './seeds/seed-workers.ts';
import { PLAIN_SHAPE, type Shape } from './shape.ts';

export interface SimOptions {
  readonly json?: boolean;
  /** Number of seeds, starting with `first`. */
  readonly seeds?: number | undefined;
  readonly first?: number | undefined;
  /** Runs this seed alone. */
  readonly seed?: number | undefined;
  /** Replays a kept plan instead of running seeds. */
  readonly replay?: string | undefined;
  /** Writes the debug lines of the servers to the trace of the replay too. */
  readonly debug?: boolean | undefined;
  readonly voters?: number | undefined;
  readonly observers?: number | undefined;
  /** Number of seeds at a time. @default the cores that this process may use */
  readonly workers?: number | undefined;
  readonly minimise?: boolean;
  /** Folder for the traces and plans of failures. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const SEEDS_DEFAULT = 20;

/**
 * The exit code is 1 when a seed failed or its events could not be stored, 3 when no seed shows anything or
 * Ctrl-C cut the run short. @throws UsageError
 */
export async function sim(terminal: Terminal, options: SimOptions): Promise<ExitCode> {
  const { json = false, voters, observers, workers, minimise = true, folder, signal } = options;
  if (options.replay !== undefined) return replayed(options.replay, options, terminal);
  if (options.debug)
    throw new UsageError(
      '--debug is accepted only with --replay; run the seed first, which prints the plan to replay if it fails',
    );
  refuseLoneMember(options);
  const isAsked = voters !== undefined || observers !== undefined;
  const shape = isAsked ? shapeOf(options) : 'drawn';
  const seeds = [...seedsOf(options)];
  const [first = 0] = seeds;
  let unstored: string | undefined;
  const summary = await recordRun(
    terminal,
    { name: 'sim', json, root: folder, eventsAlone: true },
    async ({ plan, events, eventsProblem }) => {
      const topologies = [{ name: 'simulated', shortForm: shortFormOf(shapeOf(options)) }];
      plan({ suite: 'sim', seed: first, claims: [], topologies });
      let done = 0;
      const ran = await runSeeds({
        seeds,
        places: seedWorkers({ shape, traceDirectory: folder, minimise }, workers),
        signal,
        onProgress: report =>
          events.emit({
            kind: 'seed',
            ...{ ...outcomeOf(report), done: ++done, of: seeds.length, unit: 'seeds' },
          }),
      });
      unstored = eventsProblem();
      return ran;
    },
  );
  const endedEarly = signal.aborted;
  if (json) terminal.json({ ...summary, endedEarly });
  else {
    terminal.print(summaryText(summary));
    if (endedEarly) terminal.print('the run ended early; only the seeds that ran count');
  }
  return unlessUnstored(terminal, unstored, exitCodeOf(summary, endedEarly));
}

/** @throws UsageError */
function refuseLoneMember(options: SimOptions): void {
  const { voters, observers } = shapeOf(options);
  if (voters + observers < 2)
    throw new UsageError(
      `--voters ${voters} --observers ${observers}: nobody could disagree with a single member; accepted are at least two members`,
    );
}

function seedsOf({ seed, seeds, first }: SimOptions): Iterable<number> {
  if (seed === undefined) return seedsFrom(first ?? 1, seeds ?? SEEDS_DEFAULT);
  if (seeds !== undefined || first !== undefined)
    throw new UsageError(
      `--seed ${seed} names a single seed; --seeds and --first are accepted only without --seed`,
    );
  return [seed];
}

/** Options that a plan contains itself; they are not accepted together with it. */
const SAID_BY_A_PLAN = ['seed', 'seeds', 'first', 'voters', 'observers', 'workers'] as const;

async function replayed(file: string, options: SimOptions, terminal: Terminal): Promise<ExitCode> {
  const also = SAID_BY_A_PLAN.find(name => options[name] !== undefined);
  if (also !== undefined)
    throw new UsageError(
      `--replay ${file}: the plan contains the seed and the ensemble, so --${also} is accepted only without --replay`,
    );
  const { json = false, debug = false, folder, signal } = options;
  const traceFile = join(folder, `seed-${seedOf(file)}.replay.trace`);
  await makeRoot(folder);
  const result = await replayInThread({ planFile: file, traceFile, debug }, signal);
  if (result === undefined) {
    terminal.error('zklab: the replay was interrupted; it has no trace');
    return EXIT_CODES.void;
  }
  const { seed, verdict, reasons } = result;
  if (json) terminal.json({ seed, verdict, reasons, traceFile });
  else
    terminal.print(
      `${seedText(outcomeOf(result))}\n${reasons.map(reason => `  ${reason}\n`).join('')}trace: ${traceFile}`,
    );
  return verdict === 'failed' ? EXIT_CODES.failed : EXIT_CODES.holds;
}

/** @throws UsageError when the file is no plan */
function seedOf(planFile: string): number {
  try {
    return readPlan(planFile).seed;
  } catch (error) {
    if (error instanceof PlanFileError) throw new UsageError(error.message);
    throw error;
  }
}

/** Of the plain shape, which most seeds draw where no other one is asked for. */
function shapeOf({ voters, observers }: SimOptions): Shape {
  return {
    voters: voters ?? PLAIN_SHAPE.voters,
    observers: observers ?? PLAIN_SHAPE.observers,
  };
}

function shortFormOf({ voters, observers }: Shape): string {
  return `voters=${voters}${observers === 0 ? '' : ` observers=${observers}`}`;
}

function outcomeOf(report: SeedReport | Replayed): SeedOutcome {
  const { seed, verdict, reasons, acknowledgedWrites, faultsInjected, virtualMs } = report;
  const seconds = Math.round(virtualMs / 1000);
  const counts = { writes: acknowledgedWrites, faults: faultsInjected, 'virtual seconds': seconds };
  return { seed, outcome: verdict, counts, reasons: [...reasons] };
}

function summaryText(summary: RunSeedsSummary): string {
  const {
    passed,
    failed,
    unknown,
    acknowledgedWrites,
    faultsInjected,
    virtualMs,
    virtualMsPerSecond,
    marks,
  } = summary;
  const lines = [
    `${passed} passed, ${failed.length} failed, ${unknown.length} unknown`,
    `${acknowledgedWrites} writes acknowledged and ${faultsInjected} faults injected in ${Math.round(virtualMs / 1000)} ` +
      `virtual seconds, ${Math.round(virtualMsPerSecond / 1000)} of them a second`,
    ...failed.flatMap(({ seed, reason, traceFile, planFile, unstored }) => [
      `seed ${seed}: ${reason}`,
      ...(unstored === undefined ? [] : [`  its trace and plan could not be stored: ${unstored}`]),
      `  trace: ${traceFile}`,
      `  again: zklab sim --replay ${shellWord(planFile)} --debug`,
    ]),
    ...reachedLines(marks),
    ...(unknown.length > 0 ? [`too little happened in seeds ${unknown.join(', ')}`] : []),
  ];
  return lines.join('\n');
}

/** One line for each kind of mark. The marks that were never reached matter as much as the others. */
function reachedLines(marks: RunSeedsSummary['marks']): string[] {
  const kinds = new Map<string, string[]>();
  for (const [mark, count] of Object.entries(marks)) {
    const [kind = '', what = kind] = mark.split(': ', 2);
    kinds.set(kind, [...(kinds.get(kind) ?? []), `${what} ${count}`]);
  }
  return [...kinds].map(([kind, reached]) => `reached, ${kind}: ${reached.join('; ')}`);
}

function exitCodeOf({ passed, failed }: RunSeedsSummary, endedEarly: boolean): ExitCode {
  if (failed.length > 0) return EXIT_CODES.failed;
  return passed > 0 && !endedEarly ? EXIT_CODES.holds : EXIT_CODES.void;
}
