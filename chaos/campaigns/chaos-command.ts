/**
 * `zklab chaos SCHEDULE`: runs a schedule, or the runs of a campaign, and gives judgements, a result document
 * and an exit code.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { durationText } from '../../bench/duration.ts';
import { gitState } from '../../bench/measure/environment.ts';
import { present, type Views } from '../../bench/present.ts';
import { type RecordedRun, recordRun, unlessUnstored } from '../../bench/recorded-run.ts';
import { shellWord } from '../../bench/shell-word.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { RUNS_ROOT } from '../../results/runs-root.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import type { Campaign } from '../schedules/campaign-schema.ts';
import { kindsOn } from '../schedules/draw-run.ts';
import { isCampaign, readSchedule } from '../schedules/index.ts';
import { runSchedule } from '../schedules/run-schedule.ts';
import { refuseImpossible, type Schedule, SEED_MAX, scheduleTopology } from '../schedules/schedule.ts';
import { runCampaign, skippedOf } from './campaign.ts';
import { campaignText } from './campaign-text.ts';
import { type Explanation, explained, explanationText } from './explain.ts';
import { keepCampaigns } from './keep-within.ts';
import { served } from './served.ts';

export interface ChaosOptions {
  /** Overrides the topologies of the schedule. */
  readonly topology?: string;
  /** Overrides what all members run. */
  readonly server?: string;
  readonly seed?: number;
  /** For a campaign: time for all its runs. */
  readonly for?: number;
  readonly explain?: boolean;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** @default RUNS_ROOT */
  readonly runsRoot?: string;
}

/** An interrupted run is not judged. @throws UsageError, EnsembleError; nothing is left running */
export async function chaos(
  terminal: Terminal,
  views: Views,
  reference: string,
  options: ChaosOptions,
): Promise<ExitCode> {
  const schedule = readSchedule(reference);
  const given = options.topology === undefined ? undefined : readTopology(options.topology, '--topology');
  const change = (topology: Topology) => served(topology, options.server);
  const seed = options.seed ?? (isCampaign(schedule) ? undefined : schedule.seed) ?? newSeed();
  const commandLine = commandLineOf(reference, options, seed);
  if (!isCampaign(schedule)) {
    if (options.for !== undefined)
      throw new UsageError(
        `--for: ${reference} is one run; accepted with it is a schedule with the key draw`,
      );
    const topology = change(given ?? scheduleTopology(schedule));
    refuseImpossible(schedule, topology);
    if (options.explain) return explain(terminal, { runs: [schedule.written as never], seed }, options);
    lasting(terminal, options)(`seed ${seed}; again: ${commandLine}`);
    return one(terminal, views, { schedule, topology, seed, commandLine }, options);
  }
  const campaign = { ...schedule, topologies: (given ? [given] : schedule.topologies).map(change) };
  refuseIdle(campaign);
  if (options.explain) return explain(terminal, await explained(campaign, seed, options.for), options);
  refuseAbsent(campaign);
  return many(terminal, views, { campaign, seed, commandLine }, options);
}

function one(
  terminal: Terminal,
  views: Views,
  planned: {
    readonly schedule: Schedule;
    readonly topology: Topology;
    readonly seed: number;
    readonly commandLine: string;
  },
  { json = false, signal, runsRoot }: ChaosOptions,
): Promise<ExitCode> {
  const nothingJudged = 'interrupted: nothing was judged, and nothing is left running';
  return recordRun(terminal, { name: planned.schedule.name, json, root: runsRoot }, run =>
    present(run, { terminal, views, json, signal, nothingJudged }, () =>
      runSchedule({ ...planned, run, signal }),
    ),
  );
}

async function many(
  terminal: Terminal,
  views: Views,
  planned: { readonly campaign: Campaign; readonly seed: number; readonly commandLine: string },
  { json = false, signal, runsRoot = RUNS_ROOT, for: forMs }: ChaosOptions,
): Promise<ExitCode> {
  const { campaign, seed, commandLine } = planned;
  const root = join(runsRoot, 'chaos');
  const say = lasting(terminal, { json });
  say(`seed ${seed}; the same runs again: ${commandLine}`);
  const commit = (await gitState())?.commit;
  let unstored: string | undefined;
  const result = await recordRun(
    terminal,
    { name: campaign.name, json, root, eventsAlone: true },
    async run => {
      run.plan({
        ...{ suite: campaign.name, seed, claims: [] },
        topologies: campaign.topologies.map(({ name, shortForm }) => ({ name, shortForm })),
      });
      const ran = await runCampaign({
        ...planned,
        forMs,
        run: withLasting(run, say),
        commit,
        terminal,
        views,
        signal,
      });
      unstored = run.eventsProblem();
      if (ran.runs.length === 0) rmSync(run.path, { recursive: true, force: true });
      for (const gone of keepCampaigns(root, campaign.keep, run.path)) terminal.progress(`removed ${gone}`);
      return ran;
    },
  );
  if (json) terminal.json(result);
  else terminal.print(campaignText(result, join(root, result.id)));
  return unlessUnstored(terminal, unstored, result.exitCode as ExitCode);
}

/** The notes of a campaign stay on a terminal. */
function withLasting(run: RecordedRun, say: (text: string) => void): RecordedRun {
  if (process.stderr.isTTY !== true) return run;
  const emit: RecordedRun['events']['emit'] = event => {
    run.events.emit(event);
    if (event.kind === 'note') say(event.text);
  };
  return { ...run, events: { emit } };
}

/** For lines that must stay: on a terminal the next line of progress overwrites the last. */
function lasting(terminal: Terminal, { json }: Pick<ChaosOptions, 'json'>): (text: string) => void {
  return text =>
    process.stderr.isTTY === true && json !== true ? terminal.print(text) : terminal.progress(text);
}

function explain(terminal: Terminal, plan: Explanation, { json }: ChaosOptions): ExitCode {
  if (json) terminal.json(plan);
  else terminal.print(explanationText(plan));
  return EXIT_CODES.holds;
}

/** @throws UsageError when a topology could have no fault at all */
function refuseIdle(campaign: Campaign): void {
  const idle = campaign.topologies.find(topology => kindsOn(campaign, topology).length === 0);
  if (idle === undefined) return;
  const { origin } = campaign;
  throw new UsageError(
    `${origin.at('draw', 'topologies')}: none of the faults is possible on ${idle.shortForm}; leave it out, or name other faults`,
  );
}

/** @throws UsageError when no topology, or no workload, can be started on this machine */
function refuseAbsent(campaign: Campaign): void {
  const { topologies, workloads, origin } = campaign;
  for (const [key, all] of Object.entries({ topologies, workloads })) {
    const skipped = skippedOf({ topologies: [], workloads: [], origin, [key]: all });
    if (skipped.length === all.length)
      throw new UsageError(
        `${origin.at('draw', key)}: none can be started on this machine: ${skipped[0]?.why}`,
      );
  }
}

function newSeed(): number {
  return Math.floor(Math.random() * SEED_MAX);
}

/** The command line that repeats this run. */
function commandLineOf(schedule: string, options: ChaosOptions, seed: number): string {
  const { topology, server, for: forMs } = options;
  return [
    `zklab chaos ${shellWord(schedule)}`,
    ...(topology === undefined ? [] : [`--topology ${shellWord(topology)}`]),
    ...(server === undefined ? [] : [`--server ${shellWord(server)}`]),
    `--seed ${seed}`,
    ...(forMs === undefined ? [] : [`--for ${durationText(forMs)}`]),
  ].join(' ');
}
