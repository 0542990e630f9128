/**
 * Runs a campaign: draws one run after the other for as long as there is time, pursues what failed, and keeps
 * no more than the campaign allows.
 */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RecordedRun } from '../../bench/recorded-run.ts';
import { shellWord } from '../../bench/shell-word.ts';
import {
  CAMPAIGN_FILE,
  CAMPAIGN_VERSION,
  type CampaignFailure,
  type CampaignResult,
  type CampaignRun,
} from '../../results/campaign.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import type { Campaign } from '../schedules/campaign-schema.ts';
import { drawRun, impossibleKinds } from '../schedules/draw-run.ts';
import { scheduleFrom } from '../schedules/index.ts';
import { readWorkload, scheduleTopology, type WrittenSchedule } from '../schedules/schedule.ts';
import { whyAbsent } from './absent.ts';
import { keepWithin } from './keep-within.ts';
import { plannedMs } from './plan-time.ts';
import { pursue } from './pursue.ts';
import { regressionText } from './regression.ts';
import { type RunOutcome, type RunPlace, runWritten } from './run-written.ts';

export interface CampaignOptions extends Omit<RunPlace, 'root'> {
  readonly campaign: Campaign;
  readonly seed: number;
  /** Time for all; undefined: the number of runs of the campaign. */
  readonly forMs: number | undefined;
  readonly commandLine: string;
  /** Of the campaign. The folders of its runs lie in it. */
  readonly run: RecordedRun;
  /** Of the code that is tested; undefined when it is unknown. */
  readonly commit: string | undefined;
}

/** After so many void runs in a row, this machine cannot run the campaign now. */
const VOID_IN_A_ROW_MAX = 5;
const COMMIT_DIGITS = 12;
/** How often a failure with the same checkers is pursued. */
const PURSUED_MAX = 1;
/** The share of the time left that one failure may take, so that others get some of the night, too. */
const PURSUIT_SHARE = 0.1;

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { campaign, seed, forMs, run, signal, terminal } = options;
  const startedMs = performance.now();
  const leftMs = () => (forMs ?? Number.POSITIVE_INFINITY) - (performance.now() - startedMs);
  const runs: CampaignRun[] = [];
  const failures: CampaignFailure[] = [];
  let endedEarly: string | undefined;
  const result = (): CampaignResult => resultOf(options, { runs, failures, endedEarly });
  const skipped = skippedOf(campaign);
  for (const { what, why } of skipped) run.events.emit({ kind: 'note', text: `skipped: ${what}: ${why}` });
  const store = () => keepFile(options, CAMPAIGN_FILE, `${JSON.stringify(result(), null, 1)}\n`);
  try {
    for (let number = 1; forMs !== undefined || number <= campaign.draw.runs; number++) {
      const written = drawRun(campaign, seed, number);
      // Its number is passed over, so that a seed gives the same runs on every machine.
      const schedule = scheduleFrom(written, `run ${number}`);
      if (whyAbsent(scheduleTopology(schedule)) !== undefined) continue;
      if (schedule.workload.absent?.(schedule.workloadOptions) !== undefined) continue;
      if (plannedMs(written, runs) > leftMs() && runs.length > 0) break;
      const outcome = await runWritten(written, `run ${number}`, options.commandLine, placeOf(options));
      runs.push({ number, ...outcome });
      run.events.emit({ kind: 'note', text: runText(number, outcome) });
      if (outcome.outcome === 'failed' && isNews(outcome, failures))
        await follow(options, written, { runs, failures, leftMs });
      keepWithin(run.path, runs, campaign.keep.maxBytes);
      store();
      if (runs.length >= VOID_IN_A_ROW_MAX && runs.slice(-VOID_IN_A_ROW_MAX).every(isVoid)) {
        endedEarly = `${VOID_IN_A_ROW_MAX} runs in a row were void`;
        break;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    endedEarly = `interrupted after ${runs.length} runs`;
  }
  store();
  terminal.end();
  return result();
}

/** A full disk does not end a campaign: what it found is printed at its end. */
function keepFile({ run, terminal }: CampaignOptions, name: string, text: string): void {
  try {
    writeFileSync(join(run.path, name), text);
  } catch (error) {
    terminal.error(`zklab: ${name} could not be stored: ${(error as Error).message}`);
  }
}

function placeOf({ terminal, views, signal, run }: CampaignOptions): RunPlace {
  return { terminal, views, signal, root: run.path };
}

function isVoid({ outcome }: CampaignRun): boolean {
  return outcome === 'void';
}

function isNews({ checkers }: RunOutcome, failures: readonly CampaignFailure[]): boolean {
  const signature = checkers.join();
  return failures.filter(failure => failure.checkers.join() === signature).length < PURSUED_MAX;
}

/**
 * Adds the failure of the last run, pursues it, and writes the smallest plan that failed. An interrupted
 * pursuit leaves it as it was found.
 */
async function follow(
  options: CampaignOptions,
  written: WrittenSchedule,
  {
    runs,
    failures,
    leftMs,
  }: { readonly runs: CampaignRun[]; readonly failures: CampaignFailure[]; leftMs(): number },
): Promise<void> {
  const { campaign, seed, run, commit } = options;
  const failed = runs.at(-1)!;
  const { number, checkers, reasons } = failed;
  const { confirm, insist, shrinkMaxMs } = campaign.draw;
  const limits = { confirm, insist, shrinkMaxMs: Math.min(shrinkMaxMs, leftMs() * PURSUIT_SHARE) };
  const place = placeOf(options);
  const at = failures.length;
  const keep = (
    schedule: WrittenSchedule,
    seen: Omit<CampaignFailure, 'run' | 'checkers' | 'schedule' | 'command'>,
  ) => {
    const file = join(run.path, `failure-${number}.yaml`);
    const failure = {
      run: number,
      checkers,
      ...seen,
      schedule: file,
      command: `zklab chaos ${shellWord(file)}`,
    };
    const found = `zklab chaos ${campaign.name} --seed ${seed}, run ${number}`;
    const from = { found, commit: commit?.slice(0, COMMIT_DIGITS) };
    keepFile(options, basename(file), regressionText(schedule, failure, from));
    failures[at] = failure;
  };
  keep(written, { reasons, again: { tries: 0, failed: 0 }, isConfirmed: false });
  let attempts = 0;
  const { again, shrunk, schedule, outcome } = await pursue(
    written,
    failed,
    async (each, what) => {
      const name = `run ${number} ${what} ${++attempts}`;
      const tried = await runWritten(each, name, options.commandLine, place);
      run.events.emit({ kind: 'note', text: `${name}: ${tried.outcome}, with ${each.steps.length} faults` });
      keepWithin(run.path, runs, campaign.keep.maxBytes);
      return tried;
    },
    limits,
  );
  keep(schedule, {
    reasons: outcome.reasons.length > 0 ? outcome.reasons : reasons,
    again,
    ...(shrunk && { shrunk: { ...shrunk, faults: schedule.steps.length, of: written.steps.length } }),
    isConfirmed: again.failed > 0,
  });
}

/** Topologies and workloads of which no run is possible here. */
export function skippedOf({
  topologies,
  workloads,
  origin,
}: Pick<Campaign, 'topologies' | 'workloads' | 'origin'>): { readonly what: string; readonly why: string }[] {
  const absent = (what: string, why: string | undefined) => (why === undefined ? [] : [{ what, why }]);
  return [
    ...topologies.flatMap(topology => absent(topology.name, whyAbsent(topology))),
    ...workloads.flatMap(written => {
      const { workload, workloadOptions } = readWorkload(written, origin);
      return absent(`workload ${workload.name}`, workload.absent?.(workloadOptions));
    }),
  ];
}

function resultOf(
  { campaign, seed, commandLine, run }: CampaignOptions,
  {
    runs,
    failures,
    endedEarly,
  }: Pick<CampaignResult, 'runs' | 'failures'> & { endedEarly: string | undefined },
): CampaignResult {
  const bitten = new Set(runs.flatMap(each => each.bitten));
  const skipped = skippedOf(campaign);
  const tried = new Set(runs.flatMap(each => each.toothless));
  const unfinished = {
    campaignVersion: CAMPAIGN_VERSION as typeof CAMPAIGN_VERSION,
    id: run.id,
    name: campaign.name,
    seed,
    commandLine,
    startedAt: run.startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    runs: [...runs],
    failures: [...failures],
    impossible: impossibleKinds(campaign),
    ...(skipped.length > 0 && { skipped }),
    neverBit: [...tried].filter(name => !bitten.has(name)).sort(),
    ...(endedEarly !== undefined && { endedEarly }),
  } satisfies Omit<CampaignResult, 'exitCode'>;
  return { ...unfinished, exitCode: campaignCode(unfinished, campaign.bites) };
}

/**
 * 1 when a run failed, whether it came again or not: a wrong history is wrong once. 3 when it was cut short,
 * or when too many runs are void: any where all faults must bite, more than those that passed elsewhere.
 */
export function campaignCode(
  { runs, endedEarly }: Pick<CampaignResult, 'runs' | 'endedEarly'>,
  bites: Campaign['bites'],
): ExitCode {
  const count = (wanted: CampaignRun['outcome']) => runs.filter(({ outcome }) => outcome === wanted).length;
  if (count('failed') > 0) return EXIT_CODES.failed;
  const isDoubtful = bites === 'all' ? count('void') > 0 : count('void') > count('passed');
  return endedEarly !== undefined || isDoubtful || runs.length === 0 ? EXIT_CODES.void : EXIT_CODES.holds;
}

export function runText(
  number: number,
  { outcome, topology, workload, bitten, reasons }: RunOutcome,
): string {
  const bit = bitten.length === 0 ? 'no fault bit' : `${bitten.join(', ')} bit`;
  const why = reasons.length === 0 ? '' : `: ${reasons[0]}`;
  return `run ${number} ${outcome}, ${topology} with ${workload}, ${bit}${why}`;
}
