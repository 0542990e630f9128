/** The cost model as a person reads it: the costs with their intervals, and the test on held-out cells. */
import type { WorkWindow } from '../../results/schema.ts';
import { type CostModel, fitCosts, type HeldOut, MEDIAN_ERROR_MAX } from './cost-model.ts';
import { WORK } from './work.ts';

/** The model, or why there is none. */
export function modelOrReason(windows: readonly WorkWindow[]): CostModel | string {
  try {
    return fitCosts(windows);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

export function modelText(model: CostModel | string): string {
  if (typeof model === 'string') return `no cost model: ${model}`;
  const { fitted, batching, heldOut, medianError, windows, heldOutWindows, refusal } = model;
  return [
    `CPU of one of each, fitted to ${windows} windows; in parentheses, 95 % of 200 fits to windows drawn again`,
    table(
      fitted.map(({ kind, us, low, high }) => [
        WORK[kind],
        `${number(us)} µs`,
        `(${number(low)} to ${number(high)})`,
      ]),
    ),
    `Writes share an fsync within ${number(batching.fsyncMs)} ms, messages to one peer a flush within ${number(batching.flushMs)} ms, events a turn within ${number(batching.turnMs)} ms.`,
    '',
    `Tested on ${heldOutWindows} windows that the fit has not seen: CPU of a member in % of a core`,
    table([
      ['topology', 'writes/s', 'bytes', 'role', 'measured', 'predicted', 'error', 'from counts'],
      ...heldOut.map(heldOutRow),
    ]),
    `median error ${percent(medianError)}, at most ${percent(MEDIAN_ERROR_MAX)} is accepted`,
    ...(refusal === undefined ? [] : [`no prediction: ${refusal}`]),
  ].join('\n');
}

function heldOutRow(each: HeldOut): string[] {
  const { topology, ratePerSecond, valueBytes, role, measuredCores, predictedCores } = each;
  return [
    topology,
    String(ratePerSecond),
    String(valueBytes),
    role,
    (measuredCores * 100).toFixed(1),
    (predictedCores * 100).toFixed(1),
    signed(each.error),
    signed(each.errorOfCosts),
  ];
}

/** Columns as wide as their widest cell; the first is aligned left. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows
    .map(row =>
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`.trimEnd(),
    )
    .join('\n');
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : 'unknown';
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

/** Three digits that matter. */
export function number(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3));
}
