/**
 * `zklab predict --simulate`: asks the simulation what the cost model was asked. It must first reproduce
 * cells that were measured.
 */
import type { HeldOut } from '../../../bench/prediction/cost-model.ts';
import type { Question } from '../../../bench/prediction/forecast.ts';
import { shapeText } from '../../../bench/prediction/forecast-text.ts';
import { number, percent, table } from '../../../bench/prediction/model-text.ts';
import type { SecondOpinion, StoredCosts } from '../../../bench/prediction/predict.ts';
import { MEMBER_ROLES } from '../../../bench/prediction/work.ts';
import { loadOf, shapeOf } from '../../../bench/prediction/work-window.ts';
import { middleOf } from '../../../bench/stats/summary.ts';
import type { WorkWindow } from '../../../results/schema.ts';
import { type ChargedResult, chargedRun } from './charged-run.ts';

/** One role of one cell, simulated and measured. */
export type Reproduced = Pick<
  HeldOut,
  'topology' | 'role' | 'ratePerSecond' | 'measuredCores' | 'predictedCores' | 'error'
>;

const REPRODUCED_ERROR_MAX = 0.15;
/** Fifty observers behind five voters, at 1,000 writes/s, take some 10 s of CPU and 220 MiB. */
const SIMULATED_MEMBERS_MAX = 255;
const REPRODUCED_CELLS_MAX = 6;
/** Of the simulated run itself; the cost model does not care about sessions as much. */
const SESSIONS_MAX = 20;

export function secondOpinion(question: Question, costs: StoredCosts): SecondOpinion {
  const { voters, observers } = question.shape;
  const members = voters + observers;
  if (members > SIMULATED_MEMBERS_MAX) {
    const refusal = `${members} members are too many for it; accepted are at most ${SIMULATED_MEMBERS_MAX}`;
    return { text: `no simulated prediction: ${refusal}`, document: { result: null, refusal } };
  }
  const reproduced = reproduce(costs);
  const errors = reproduced.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
  const median = errors.length === 0 ? Number.POSITIVE_INFINITY : middleOf(errors);
  const refusal =
    median > REPRODUCED_ERROR_MAX
      ? `it misses the measured cells by ${percent(median)} in the median, and at most ${percent(REPRODUCED_ERROR_MAX)} is accepted`
      : undefined;
  const result = refusal === undefined ? simulated(question, costs) : undefined;
  return {
    text: textOf(question, reproduced, median, result, refusal),
    document: { reproduced, medianError: median, result: result ?? null, refusal: refusal ?? null },
  };
}

function simulated({ load, ...question }: Question, { model }: StoredCosts): ChargedResult {
  const sessions = Math.min(load.sessions, SESSIONS_MAX);
  return chargedRun({ ...question, load: { ...load, sessions }, costs: model.costs });
}

/** The middle rate of cells that were measured, whose members all have a tree. */
function reproduce({ windows, model, result }: StoredCosts): Reproduced[] {
  const { diskSyncMedianUs, loopbackRttUs } = result.environment;
  const machines = {
    coresPerMember: 1,
    nicBytesPerSecond: Number.POSITIVE_INFINITY,
    rttMs: (loopbackRttUs ?? 0) / 1000,
    fsyncMs: (diskSyncMedianUs ?? 0) / 1000,
  };
  return cellsOf(windows).flatMap(rounds => {
    const [window] = rounds;
    const { roles } = chargedRun({
      shape: shapeOf(window!),
      load: loadOf(window!),
      machines,
      costs: model.costs,
    });
    return MEMBER_ROLES.flatMap(role => {
      const predictedCores = roles.find(each => each.role === role)?.cores;
      const measured = rounds.flatMap(each => coresOf(each, role));
      if (predictedCores === undefined || measured.length === 0) return [];
      const measuredCores = measured.reduce((sum, each) => sum + each, 0) / measured.length;
      return [
        {
          topology: window!.topology,
          role,
          ratePerSecond: window!.ratePerSecond,
          measuredCores,
          predictedCores,
          error: predictedCores / measuredCores - 1,
        },
      ];
    });
  });
}

/** The windows of some small cells, the rounds of each together. */
function cellsOf(windows: readonly WorkWindow[]): WorkWindow[][] {
  const rates = [...new Set(windows.map(({ ratePerSecond }) => ratePerSecond))].sort((a, b) => a - b);
  const rate = rates[rates.length >> 1];
  const smallest = Math.min(...windows.map(({ valueBytes }) => valueBytes));
  const cells = new Map<string, WorkWindow[]>();
  for (const window of windows) {
    if (window.isHeldOut || window.ratePerSecond !== rate || window.valueBytes !== smallest) continue;
    cells.set(window.topology, [...(cells.get(window.topology) ?? []), window]);
  }
  return [...cells.values()].slice(0, REPRODUCED_CELLS_MAX);
}

/** Of each member of the role. */
function coresOf({ members, seconds }: WorkWindow, role: (typeof MEMBER_ROLES)[number]): number[] {
  return members.filter(each => each.role === role).map(({ cpuUs }) => cpuUs / 1e6 / seconds);
}

function textOf(
  { shape, load }: Question,
  reproduced: readonly Reproduced[],
  median: number,
  result: ChargedResult | undefined,
  refusal: string | undefined,
): string {
  return [
    'second opinion: the servers in virtual time, charged by the same costs. CPU of measured cells, in % of a core:',
    table([
      ['topology', 'writes/s', 'role', 'measured', 'simulated', 'error'],
      ...reproduced.map(each => [
        each.topology,
        String(each.ratePerSecond),
        each.role,
        (each.measuredCores * 100).toFixed(1),
        (each.predictedCores * 100).toFixed(1),
        `${each.error < 0 ? '−' : '+'}${percent(Math.abs(each.error))}`,
      ]),
    ]),
    `median error ${percent(median)}, at most ${percent(REPRODUCED_ERROR_MAX)} is accepted`,
    ...(refusal === undefined ? [] : [`no simulated prediction: ${refusal}`]),
    ...(result === undefined
      ? []
      : [
          `simulated prediction for ${shapeText(shape)} at ${load.ratePerSecond} writes/s, missing measured cells by ${percent(median)} in the median:`,
          table([
            ['member', 'number', 'cores', 'busiest'],
            ...result.roles.map(({ role, members, cores, coresMax }) => [
              role,
              String(members),
              cores.toFixed(2),
              coresMax.toFixed(2),
            ]),
          ]),
          `  ${result.committedPerSecond.toFixed(0)} writes/s committed; latency of ${result.writes} writes: ${latencyText(result)}; it leaves out the way from the client to its member, lost packets and slow fsyncs`,
        ]),
  ].join('\n');
}

function latencyText({ latencyP50Ms, latencyP99Ms }: ChargedResult): string {
  const of = (ms: number | undefined) => (ms === undefined ? 'too few' : `${number(ms)} ms`);
  return `median ${of(latencyP50Ms)}, 99th percentile ${of(latencyP99Ms)}`;
}
