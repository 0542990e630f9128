import type { Comparison, ComparisonRow, ComparisonSide } from '../../results/comparison.ts';
import { formatInterval, formatNumber } from '../format.ts';
import { titleOf } from '../order.ts';
import { wrap } from '../terminal/wrap.ts';

const WRAP_COLUMNS = 120;

/**
 * Two runs as plain text, worst first, so that a regression is on the first screen. When the table is wider
 * than `widthColumns`, its rows are printed below each other.
 */
export function comparisonText(comparison: Comparison, widthColumns = Number.POSITIVE_INFINITY): string {
  const lines = [
    `a  ${comparison.a.id}  ${comparison.a.label}`,
    `b  ${comparison.b.id}  ${comparison.b.label}`,
    '',
    ...incomparable(comparison).flatMap(text => [...wrap(text, Math.min(widthColumns, WRAP_COLUMNS)), '']),
  ];
  const rows = sortedRows(comparison).map(row => [
    row.verdict,
    `${titleOf(row.metric)} (${row.unit}), ${row.topology}, ${row.condition}`,
    sideText(row.a),
    sideText(row.b),
    ratioText(row),
    pText(row),
  ]);
  const table = [['verdict', 'what', 'a', 'b', 'b/a', 'p (Holm)'], ...rows];
  const fits = (line: string) => line.length <= widthColumns;
  const widths = table[0]!.map((_, column) => Math.max(...table.map(row => row[column]!.length)));
  const flat = table.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  lines.push(...(flat.every(fits) ? flat : rows.flatMap(row => stacked(row, widthColumns))));
  for (const warning of comparison.warnings) {
    const text = `warning: ${warning}`;
    lines.push('', ...(fits(text) ? [text] : wrap(text, widthColumns)));
  }
  return `${lines.join('\n')}\n`;
}

/** What makes the rows below meaningless, before them. */
export function incomparable({ unlike, voidReasons }: Comparison): string[] {
  return [
    ...voidReasons.map(reason => `Does not count: ${reason}.`),
    ...unlike.map(difference => `Not comparable: ${difference}.`),
  ];
}

function stacked([verdict, what, a, b, ratio, p]: readonly string[], widthColumns: number): string[] {
  const below = [`a   ${a}`, `b   ${b}`, `b/a ${ratio}, p ${p}`].map(line => `    ${line}`);
  return [...wrap(`${verdict}: ${what}`, widthColumns), ...below];
}

const READING_ORDER = ['worse', 'better', 'no difference shown', 'too few'] as const;

export function sortedRows(comparison: Comparison): ComparisonRow[] {
  return READING_ORDER.flatMap(verdict => comparison.rows.filter(row => row.verdict === verdict));
}

export function sideText(side: ComparisonSide): string {
  if (side.median === null) return `none (n ${side.n})`;
  const interval = formatInterval(side);
  return `${formatNumber(side.median)} (${interval === '' ? '' : `${interval}, `}n ${side.n})`;
}

export function ratioText(row: ComparisonRow): string {
  if (row.ratio === null) return '-';
  const interval = formatInterval(row.ratio);
  return `${formatNumber(row.ratio.value)}×${interval === '' ? '' : ` (${interval})`}`;
}

/** A p that rounds to zero is not zero. */
export function pText(row: ComparisonRow): string {
  if (row.pHolm === null) return '-';
  return row.pHolm < 0.001 ? '<0.001' : row.pHolm.toFixed(3);
}
