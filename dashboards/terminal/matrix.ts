/** The cells of a matrix run as plain tables, one for each metric. */
import type { Result } from '../../results/schema.ts';
import { formatInterval, formatNumber } from '../format.ts';
import { findingText, type MatrixRow, matrixTables, ratioText } from '../matrix-rows.ts';
import { wrap } from './wrap.ts';

const HEAD = ['cell', 'median', 'compared with', 'ratio', 'finding'];

/** No line is wider than `widthColumns`: where a table does not fit, its rows stand below each other. */
export function matrixLines(result: Result, widthColumns: number): string[] {
  const { matrix } = result;
  if (matrix === undefined) return [];
  return matrixTables(result).flatMap(({ metric, rows }) => {
    const title = `${metric.title} (${rows[0]?.measurement.unit ?? metric.unit}, ${metric.higherIsBetter ? 'more' : 'less'} is better)`;
    const cells = rows.map(row => cellsOf(row, matrix.marginPercent));
    const widths = HEAD.map((name, column) =>
      Math.max(name.length, ...cells.map(row => row[column]!.length)),
    );
    const flat = [HEAD, ...cells].map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
    const isFitting = flat.every(line => line.length + 2 <= widthColumns);
    const body = isFitting ? flat.map(line => `  ${line}`) : cells.flatMap(row => stacked(row, widthColumns));
    return [...wrap(title, widthColumns), ...body, ''];
  });
}

function cellsOf({ cell, measurement, comparison }: MatrixRow, marginPercent: number): string[] {
  const { summary } = measurement;
  const interval = formatInterval(summary);
  const inner = [...(interval === '' ? [] : [interval]), `n ${summary.n}`].join(', ');
  const median = summary.median === null ? 'no sample' : `${formatNumber(summary.median)} (${inner})`;
  if (comparison === undefined) return [cell.id, median, '', '', ''];
  return [cell.id, median, comparison.control, ratioText(comparison), findingText(comparison, marginPercent)];
}

function stacked(
  [id = '', median = '', control = '', ratio = '', finding = '']: readonly string[],
  widthColumns: number,
): string[] {
  const against = control === '' ? [] : [`${ratio} of ${control}: ${finding}`];
  return [
    ...wrap(id, widthColumns - 2).map(line => `  ${line}`),
    ...[median, ...against].flatMap(text => wrap(text, widthColumns - 4).map(line => `    ${line}`)),
  ];
}
