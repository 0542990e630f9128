/** Runs one schedule that was drawn or shrunk, in a folder of its own, and says what became of it. */
import { stored, type Views } from '../../bench/present.ts';
import { recordRun } from '../../bench/recorded-run.ts';
import type { Terminal } from '../../bench/terminal.ts';
import type { CampaignRun } from '../../results/campaign.ts';
import type { Result } from '../../results/schema.ts';
import { EXIT_CODES, exitCodeOf } from '../../results/verdicts.ts';
import { scheduleFrom } from '../schedules/index.ts';
import { runSchedule } from '../schedules/run-schedule.ts';
import { refuseImpossible, scheduleTopology, type WrittenSchedule } from '../schedules/schedule.ts';
import { applicationGapsOf } from './application-gaps.ts';

export interface RunPlace {
  readonly terminal: Terminal;
  readonly views: Views;
  /** The folder that gets the folder of the run. */
  readonly root: string;
  readonly signal: AbortSignal;
}

export type RunOutcome = Omit<CampaignRun, 'number'>;

const REASONS_MAX = 5;

/** A run that could not start, or whose ensemble broke down, is void. @throws the reason of the signal */
export async function runWritten(
  written: WrittenSchedule,
  name: string,
  commandLine: string,
  { terminal, views, root, signal }: RunPlace,
): Promise<RunOutcome> {
  const schedule = scheduleFrom(written, name);
  const topology = scheduleTopology(schedule);
  refuseImpossible(schedule, topology);
  const startedMs = performance.now();
  const about = { topology: topology.name, workload: schedule.workload.name };
  const told = { ...terminal, progress: (text: string) => terminal.progress(`${name}: ${text}`) };
  const seconds = () => Math.round((performance.now() - startedMs) / 100) / 10;
  try {
    return await recordRun(told, { name, json: true, root }, async run => {
      const { seed = 0 } = schedule;
      const result = await runSchedule({ schedule, topology, seed, commandLine, run, signal });
      await stored(run, told, result, async () => {
        await run.writeText('report.html', await views.report(result));
        return [];
      });
      const applications = applicationGapsOf(result);
      const found = { ...outcomeOf(result), ...(applications && { applications: [...applications] }) };
      return { ...about, path: run.path, ...found, seconds: seconds() };
    });
  } catch (error) {
    signal.throwIfAborted();
    const [reason = ''] = (error as Error).message.split('\n');
    return {
      ...{ ...about, outcome: 'void' as const, reasons: [reason], checkers: [], bitten: [], toothless: [] },
      seconds: seconds(),
    };
  }
}

function outcomeOf(
  result: Result,
): Pick<RunOutcome, 'outcome' | 'reasons' | 'checkers' | 'bitten' | 'toothless'> {
  const { judgements = [], faults, validity } = result;
  const code = exitCodeOf(result);
  const outcome = code === EXIT_CODES.holds ? 'passed' : code === EXIT_CODES.failed ? 'failed' : 'void';
  const wrong = judgements.filter(({ valid }) => valid === 'invalid');
  const unclear = judgements.filter(({ valid }) => valid === 'unknown');
  const said = (all: typeof judgements) =>
    all.flatMap(({ checker, reasons }) => reasons.map(reason => `${checker}: ${reason}`));
  const reasons = {
    passed: [],
    failed: said(wrong),
    void: [...validity.reasons, ...(validity.unmeasured ?? []), ...said(unclear)],
  }[outcome];
  const names = (bit: boolean) => [
    ...new Set(faults.filter(each => each.bit === bit).map(({ fault }) => fault)),
  ];
  return {
    outcome,
    reasons: reasons.slice(0, REASONS_MAX),
    checkers: outcome === 'failed' ? wrong.map(({ checker }) => checker) : [],
    bitten: names(true),
    toothless: names(false),
  };
}
