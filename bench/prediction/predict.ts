/**
 * `zklab predict`: what a topology will need on machines of its own, by the costs that a run has measured.
 */
import { whyBusy } from '../../results/busy-machine.ts';
import { RUNS_ROOT } from '../../results/runs-root.ts';
import type { Result, WorkWindow } from '../../results/schema.ts';
import { listRuns, loadRun } from '../../results/store.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { middleOf } from '../stats/summary.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { type CostModel, fitCosts } from './cost-model.ts';
import { COSTS_SUITE } from './costs-result.ts';
import { CLIENT_PLACES } from './expected-work.ts';
import { forecast, type Question } from './forecast.ts';
import { beyondMeasured, type CostsSource, forecastText } from './forecast-text.ts';
import { heldOutLatencyErrors } from './latency-test.ts';
import { bandwidth, cores, oneOf, shortTime } from './quantities.ts';
import { readShape } from './shape-text.ts';

export interface PredictOptions {
  readonly topology: string;
  readonly rate: number;
  readonly coresPerMember: string;
  readonly nic: string;
  readonly rtt: string;
  /** @default as measured on the machine of the costs */
  readonly fsync?: string | undefined;
  readonly valueBytes: number;
  readonly clients: string;
  readonly sessions: number;
  /** @default the last run of `zklab bench costs` */
  readonly from?: string | undefined;
  readonly json?: boolean;
  /** Folder of runs. @default results/runs */
  readonly root?: string;
}

/** A run with costs, and the model that is fitted to it. */
export interface StoredCosts {
  readonly result: Result;
  readonly windows: readonly WorkWindow[];
  readonly model: CostModel;
}

/** A second answer to the same question, from the simulation. */
export interface SecondOpinion {
  readonly text: string;
  readonly document: unknown;
}

/**
 * The exit code is 3 when the costs are too bad to predict with.
 * @param secondOpinion asked after the cost model has answered
 * @throws UsageError, StoreError
 */
export async function predict(
  terminal: Terminal,
  options: PredictOptions,
  secondOpinion?: (question: Question, costs: StoredCosts) => SecondOpinion,
): Promise<ExitCode> {
  const shape = readShape(options.topology);
  const machines = {
    coresPerMember: cores('--cores-per-member', options.coresPerMember),
    nicBytesPerSecond: bandwidth('--nic', options.nic),
    rttMs: shortTime('--rtt', options.rtt),
  };
  const clients = oneOf('--clients', options.clients, CLIENT_PLACES);
  if (clients === 'observers' && shape.observers === 0)
    throw new UsageError(
      `--clients observers: ${options.topology} has none; accepted are leader, voters, all`,
    );
  const given = options.fsync === undefined ? undefined : shortTime('--fsync', options.fsync);
  const costs = await storedCosts(options.from, options.root);
  const { result, windows, model } = costs;
  const source = sourceOf(result, windows, model);
  const fsyncMs = given ?? measuredFsyncMs(result);
  const { rate, valueBytes, sessions } = options;
  const question: Question = {
    shape,
    load: { ratePerSecond: rate, valueBytes, clients, sessions },
    machines: { ...machines, fsyncMs },
  };
  if (model.refusal !== undefined) {
    const why = `no prediction from run ${source.run}: ${model.refusal}; measure again on a quiet machine: zklab bench costs`;
    if (options.json) terminal.json({ prediction: null, reason: why, source, heldOut: model.heldOut });
    else terminal.print(why);
    return EXIT_CODES.void;
  }
  const found = forecast(model, question);
  if (!options.json) terminal.print(forecastText(question, found, model, source));
  const other = secondOpinion?.(question, costs);
  if (!options.json && other !== undefined) terminal.print(`\n${other.text}`);
  if (options.json)
    terminal.json({
      prediction: found,
      beyondMeasured: beyondMeasured(question, found.bound, source),
      question,
      source,
      model: modelDocument(model),
      ...(other !== undefined && { simulation: other.document }),
    });
  return EXIT_CODES.holds;
}

/** @throws UsageError when no run has costs, StoreError */
async function storedCosts(from: string | undefined, root = RUNS_ROOT): Promise<StoredCosts> {
  const result = from === undefined ? await lastCosts(root) : await loadRun(from, root);
  const windows = result.workWindows ?? [];
  if (windows.length === 0)
    throw new UsageError(`run ${result.run.id} has no costs; accepted is a run of "zklab bench costs"`);
  try {
    return { result, windows, model: fitCosts(windows) };
  } catch (error) {
    if (error instanceof RangeError)
      throw new UsageError(`run ${result.run.id} is too short: ${error.message}`);
    throw error;
  }
}

async function lastCosts(root: string): Promise<Result> {
  const runs = await listRuns(root);
  const last = runs.findLast(({ result }) => result?.run.suite === COSTS_SUITE)?.result;
  if (last) return last;
  const damaged = runs.findLast(({ id, problem }) => problem !== null && id.endsWith(`-${COSTS_SUITE}`));
  const unless = damaged === undefined ? '' : `, and one cannot be read: ${damaged.problem}`;
  throw new UsageError(`no run in ${root} has measured costs; "zklab bench costs" makes one${unless}`);
}

/** A run without a measured disk says what it was told. */
function measuredFsyncMs({ environment, run }: Result): number {
  const { diskSyncMedianUs } = environment;
  if (diskSyncMedianUs === null)
    throw new UsageError(`run ${run.id} could not measure its disk; give --fsync, such as --fsync 1ms`);
  return diskSyncMedianUs / 1000;
}

function sourceOf(result: Result, windows: readonly WorkWindow[], model: CostModel): CostsSource {
  const { run, environment } = result;
  const rangeOf = (values: readonly number[]) => ({ min: Math.min(...values), max: Math.max(...values) });
  const errors = heldOutLatencyErrors(result, windows, model).map(Math.abs);
  return {
    run: run.id,
    machine: environment.machine,
    cpu: environment.cpu,
    at: run.startedAt,
    ratesPerSecond: rangeOf(windows.map(({ ratePerSecond }) => ratePerSecond)),
    valueBytes: rangeOf(windows.map(each => each.valueBytes)),
    votersMax: Math.max(...windows.map(({ voters }) => voters)),
    learnersMax: Math.max(...windows.map(({ voters, observers }) => voters - 1 + observers)),
    sessions: rangeOf(windows.map(({ sessions }) => sessions)),
    clients: [...new Set(windows.map(({ clients }) => clients))],
    busy: whyBusy(result),
    latencyError: errors.length === 0 ? undefined : middleOf(errors.sort((a, b) => a - b)),
  };
}

/** Without the fits that the ranges come from. */
function modelDocument({ resampled: _, ...model }: CostModel) {
  return model;
}
