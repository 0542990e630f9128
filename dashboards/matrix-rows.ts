/** The cells of a matrix run by metric, and what is said of each, for the report and the terminal alike. */
import type { Metric } from '../results/names.ts';
import type { Matrix, MatrixComparison, Measurement, Result } from '../results/schema.ts';
import { formatInterval, formatNumber } from './format.ts';
import { metricsOf } from './order.ts';

export interface MatrixRow {
  readonly cell: Matrix['cells'][number];
  readonly measurement: Measurement;
  /** Undefined for a control, and for a cell without one. */
  readonly comparison: MatrixComparison | undefined;
}

export interface MatrixTable {
  readonly metric: Metric;
  readonly rows: readonly MatrixRow[];
}

/** One table for each metric, with the cells that have it, in the order of the suite. */
export function matrixTables(result: Result): MatrixTable[] {
  const { matrix, measurements } = result;
  if (matrix === undefined) return [];
  return metricsOf(measurements).map(metric => ({
    metric,
    rows: matrix.cells.flatMap(cell => {
      const measurement = measurements.find(
        item =>
          item.metric === metric.name && item.topology === cell.topology && item.condition === cell.condition,
      );
      const comparison = matrix.comparisons.find(
        each => each.metric === metric.name && each.cell === cell.id,
      );
      return measurement === undefined ? [] : [{ cell, measurement, comparison }];
    }),
  }));
}

/** `6 cells in 12 comparisons: 3 worse, 4 better, 1 within 3 %, 4 not shown` */
export function matrixLine({ cells, comparisons, marginPercent }: Matrix): string {
  const parts = ['worse', 'better', 'same', 'not shown'].flatMap(finding => {
    const times = comparisons.filter(each => each.finding === finding).length;
    return times === 0 ? [] : [`${times} ${finding === 'same' ? sameText(marginPercent) : finding}`];
  });
  const of = comparisons.length === 1 ? '1 comparison' : `${comparisons.length} comparisons`;
  return `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} in ${of}: ${parts.join(', ') || 'none could be made'}`;
}

/** `1.2× (1.1–1.31)` */
export function ratioText({ ratio }: MatrixComparison): string {
  const interval = formatInterval(ratio);
  return `${formatNumber(ratio.value)}×${interval === '' ? '' : ` (${interval})`}`;
}

/** `better`, `within 3 %`, `not shown: a ratio of 1.08× would be` */
export function findingText({ finding, detectable }: MatrixComparison, marginPercent: number): string {
  if (finding === 'same') return sameText(marginPercent);
  if (finding !== 'not shown' || detectable === undefined) return finding;
  return `not shown: ${formatNumber(detectable)}× would be`;
}

function sameText(marginPercent: number): string {
  return `within ${formatNumber(marginPercent)} %`;
}
