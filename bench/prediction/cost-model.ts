/**
 * The cost model: what a flush, an fsync, a message of each kind cost in CPU, fitted to small ensembles and
 * tested on larger ones that the fit has not seen. A model that fails its test predicts nothing.
 */
import type { WorkWindow } from '../../results/schema.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import {
  conditionNumber,
  type NormalEquations,
  normalEquations,
  solveNormal,
} from '../stats/non-negative-least-squares.ts';
import { middleOf } from '../stats/summary.ts';
import { type Batching, fitWindow } from './batching.ts';
import { CARRIES_VALUE, expectedWork, type Overheads, type RoleWork } from './expected-work.ts';
import {
  MEMBER_ROLES,
  MESSAGE_KINDS,
  type MemberRole,
  WORK_KINDS,
  type Work,
  type WorkKind,
} from './work.ts';
import { loadOf, shapeOf } from './work-window.ts';

/** µs of CPU for one of each kind of work. */
export type Costs = Readonly<Record<WorkKind, number>>;

export interface FittedCost {
  readonly kind: WorkKind;
  readonly us: number;
  /** Of 95 % of the resamplings. */
  readonly low: number;
  readonly high: number;
}

/** One role of one held-out cell, the mean of its rounds. Shares of one core. */
export interface HeldOut {
  readonly topology: string;
  readonly role: MemberRole;
  readonly ratePerSecond: number;
  readonly valueBytes: number;
  readonly rounds: number;
  readonly measuredCores: number;
  readonly predictedCores: number;
  /** Predicted over measured, less 1. */
  readonly error: number;
  /** The same when the work that was counted is charged, in place of the work that the protocol predicts. */
  readonly errorOfCosts: number;
}

export interface CostModel {
  readonly costs: Costs;
  /** Fits to windows drawn again with replacement. */
  readonly resampled: readonly Costs[];
  readonly fitted: readonly FittedCost[];
  readonly batching: Batching;
  readonly overheads: Overheads;
  readonly heldOut: readonly HeldOut[];
  /** Median of the sizes of the held-out errors, and what nine in ten stay below, by role. */
  readonly medianError: number;
  readonly errorBound: Readonly<Record<MemberRole, number>>;
  readonly conditionNumber: number;
  readonly windows: number;
  readonly heldOutWindows: number;
  /** Why it predicts nothing; undefined when it does. */
  readonly refusal: string | undefined;
}

export const MEDIAN_ERROR_MAX = 0.15;
/** Beyond this an error of 0.1 % in what was measured could turn a cost upside down. */
const CONDITION_MAX = 1_000;
const RESAMPLES = 200;
const COVERED = 0.95;
const ERROR_SHARE = 0.9;
/** Fewer windows than kinds of work could fit anything. */
const WINDOWS_MIN = WORK_KINDS.length;

/** One role of one window: a row of the fit. Amounts are per second. */
interface Row {
  readonly role: MemberRole;
  readonly work: Work;
  readonly cpuUs: number;
}

/**
 * @param resamples how often the fit is repeated with windows drawn again
 * @throws RangeError when there are too few windows, or none to test the model with
 */
export function fitCosts(windows: readonly WorkWindow[], resamples = RESAMPLES): CostModel {
  const training = windows.filter(({ isHeldOut }) => !isHeldOut);
  const held = windows.filter(({ isHeldOut }) => isHeldOut);
  if (training.length < WINDOWS_MIN || held.length === 0)
    throw new RangeError(
      `${training.length} windows to fit costs to and ${held.length} to test them with; accepted are at least ${WINDOWS_MIN} and 1`,
    );
  const rows = training.map(rowsOf);
  const equations = rows.map(equationsOf);
  const costs = costsOf(equations);
  const random = new SeededRandom('resampled windows');
  const resampled = Array.from({ length: resamples }, () =>
    costsOf(equations.map(() => equations[random.below(equations.length)]!)),
  );
  const batching = fitBatching(training);
  const overheads = overheadsOf(training);
  const heldOut = heldOutOf(held, window =>
    expectedWork(shapeOf(window), loadOf(window), batching, overheads),
  )(costs);
  const condition = conditionNumber(designOf(rows.flat(), usedKinds(rows.flat())));
  const medianError = middleOf(heldOut.map(({ error }) => Math.abs(error)).sort(ascending));
  return {
    costs,
    resampled,
    fitted: WORK_KINDS.map(kind => ({
      kind,
      us: costs[kind],
      ...middleShare(
        resampled.map(each => each[kind]),
        COVERED,
      ),
    })),
    batching,
    overheads,
    heldOut,
    medianError,
    errorBound: Object.fromEntries(
      MEMBER_ROLES.map(role => [role, errorBoundOf(heldOut.filter(each => each.role === role))]),
    ) as Record<MemberRole, number>,
    conditionNumber: condition,
    windows: training.length,
    heldOutWindows: held.length,
    refusal: refusalOf(medianError, condition),
  };
}

export function coresOf(work: Work, costs: Costs): number {
  return WORK_KINDS.reduce((sum, kind) => sum + work[kind] * costs[kind], 0) / 1e6;
}

/** The ends of the middle share of a sample. */
export function middleShare(
  values: readonly number[],
  share: number,
): { readonly low: number; readonly high: number } {
  const sorted = [...values].sort(ascending);
  const cut = Math.floor(((1 - share) / 2) * sorted.length);
  return { low: sorted[cut]!, high: sorted[sorted.length - 1 - cut]! };
}

function refusalOf(medianError: number, condition: number): string | undefined {
  if (condition > CONDITION_MAX)
    return `the costs cannot be told apart: the condition number of the fit is ${Math.round(condition)}, and at most ${CONDITION_MAX} is accepted; measure more sizes and rates`;
  if (medianError > MEDIAN_ERROR_MAX)
    return `the median error of the held-out cells is ${percent(medianError)}, and at most ${percent(MEDIAN_ERROR_MAX)} is accepted`;
  return undefined;
}

function errorBoundOf(heldOut: readonly HeldOut[]): number {
  const errors = heldOut.map(({ error }) => Math.abs(error)).sort(ascending);
  if (errors.length === 0) return Number.POSITIVE_INFINITY;
  return errors[Math.min(errors.length - 1, Math.ceil(ERROR_SHARE * errors.length) - 1)]!;
}

/** The members of a role together: there are more followers than leaders, and they count no more. */
function rowsOf({ members, seconds }: WorkWindow): Row[] {
  return MEMBER_ROLES.flatMap(role => {
    const of = members.filter(each => each.role === role);
    if (of.length === 0) return [];
    const perSecond = (total: number) => total / of.length / seconds;
    const work = Object.fromEntries(
      WORK_KINDS.map(kind => [kind, perSecond(of.reduce((sum, each) => sum + (each.work[kind] ?? 0), 0))]),
    ) as Work;
    return [{ role, work, cpuUs: perSecond(of.reduce((sum, { cpuUs }) => sum + cpuUs, 0)) }];
  });
}

/** Of least squares of relative errors: each row is divided by what was measured. */
function equationsOf(rows: readonly Row[]): NormalEquations {
  return normalEquations(
    designOf(rows, WORK_KINDS),
    rows.map(() => 1),
  );
}

/** Adds up windows before it solves, since the same ones are drawn again and again. */
function costsOf(windows: readonly NormalEquations[]): Costs {
  const kinds = WORK_KINDS.length;
  const target = WORK_KINDS.map(() => 0);
  const products = WORK_KINDS.map(() => WORK_KINDS.map(() => 0));
  for (const each of windows) {
    for (let i = 0; i < kinds; i++) {
      const [row, sums] = [each.products[i]!, products[i]!];
      target[i]! += each.target[i]!;
      for (let j = 0; j < kinds; j++) sums[j]! += row[j]!;
    }
  }
  const solution = solveNormal({ products, target });
  return Object.fromEntries(WORK_KINDS.map((kind, j) => [kind, solution[j]!])) as Costs;
}

function designOf(rows: readonly Row[], kinds: readonly WorkKind[]): number[][] {
  return rows.map(({ work, cpuUs }) => kinds.map(kind => work[kind] / cpuUs));
}

function usedKinds(rows: readonly Row[]): WorkKind[] {
  return WORK_KINDS.filter(kind => rows.some(({ work }) => work[kind] > 0));
}

/** One window after the other, since each depends on those before. */
function fitBatching(windows: readonly WorkWindow[]): Batching {
  const measured = windows.map(window => ({ window, rows: rowsOf(window) }));
  const missOf = (kind: 'fsync' | 'flush' | 'turn', batching: Batching) =>
    measured.reduce((sum, { window, rows }) => {
      const expected = expectedWork(shapeOf(window), loadOf(window), batching, NO_OVERHEADS);
      return rows.reduce((total, { role, work }) => {
        const found = expected.find(each => each.role === role)?.work[kind] ?? 0;
        return found > 0 && work[kind] > 0 ? total + Math.log(found / work[kind]) ** 2 : total;
      }, sum);
    }, 0);
  const none = { fsyncMs: 0, flushMs: 0, turnMs: 0 };
  const fsyncMs = fitWindow(ms => missOf('fsync', { ...none, fsyncMs: ms }));
  const flushMs = fitWindow(ms => missOf('flush', { ...none, fsyncMs, flushMs: ms }));
  return { fsyncMs, flushMs, turnMs: fitWindow(ms => missOf('turn', { fsyncMs, flushMs, turnMs: ms })) };
}

const NO_OVERHEADS: Overheads = {
  proposal: 0,
  ack: 0,
  commit: 0,
  inform: 0,
  request: 0,
  clientRequest: 0,
};

/** @throws RangeError when messages of a kind were never sent */
function overheadsOf(windows: readonly WorkWindow[]): Overheads {
  const overhead = (kind: keyof Overheads): number => {
    const each = windows.flatMap(({ members, valueBytes }) => {
      const messages = members.reduce((sum, member) => sum + countOf(kind, member).messages, 0);
      const bytes = members.reduce((sum, member) => sum + countOf(kind, member).bytes, 0);
      return messages === 0 ? [] : [bytes / messages - (CARRIES_VALUE[kind] ? valueBytes : 0)];
    });
    if (each.length === 0) throw new RangeError(`no window has a message of the kind ${kind}`);
    return middleOf(each.sort(ascending));
  };
  return Object.fromEntries(
    [...MESSAGE_KINDS, 'clientRequest' as const].map(kind => [kind, overhead(kind)]),
  ) as Overheads;
}

function countOf(kind: keyof Overheads, member: WorkWindow['members'][number]) {
  if (kind === 'clientRequest')
    return { messages: member.work.request ?? 0, bytes: member.clientBytesReceived };
  return member.sent[kind] ?? { messages: 0, bytes: 0 };
}

function heldOutOf(windows: readonly WorkWindow[], expected: (window: WorkWindow) => readonly RoleWork[]) {
  return (costs: Costs): HeldOut[] => {
    const cells = new Map<string, { window: WorkWindow; role: MemberRole; triples: number[][] }>();
    for (const window of windows) {
      const predicted = expected(window);
      for (const { role, work, cpuUs } of rowsOf(window)) {
        const of = predicted.find(each => each.role === role);
        if (of === undefined) continue;
        const key = [window.topology, role, window.ratePerSecond, window.valueBytes, window.clients].join();
        const cell = cells.get(key) ?? { window, role, triples: [] };
        cell.triples.push([cpuUs / 1e6, coresOf(of.work, costs), coresOf(work, costs)]);
        cells.set(key, cell);
      }
    }
    return [...cells.values()].map(({ window, role, triples }) => {
      const mean = (at: number) => triples.reduce((sum, each) => sum + each[at]!, 0) / triples.length;
      const [measured, predicted, charged] = [mean(0), mean(1), mean(2)];
      return {
        topology: window.topology,
        role,
        ratePerSecond: window.ratePerSecond,
        valueBytes: window.valueBytes,
        rounds: triples.length,
        measuredCores: measured,
        predictedCores: predicted,
        error: predicted / measured - 1,
        errorOfCosts: charged / measured - 1,
      };
    });
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function ascending(a: number, b: number): number {
  return a - b;
}
