/** One line for each family: its primary metric, with all its cells judged together. */
import type { ComparedFamily, ComparedRow } from '../../results/comparison.ts';
import { FAMILIES } from '../../results/names.ts';
import { LEVEL } from '../claims/claim.ts';
import { type CellComparison, rowOf } from './cell-comparison.ts';

/**
 * A family is worse if one of its cells is, at a level that is divided by their number, so that it errs no
 * more often than a single cell. It shows no difference only if no cell has one, which needs no correction.
 */
export function familiesOf(cells: readonly CellComparison[]): ComparedFamily[] {
  return FAMILIES.flatMap(family => {
    const metric = family.metrics.find(({ name }) => cells.some(({ cell }) => cell.metric === name));
    if (metric === undefined) return [];
    const measured = cells.filter(({ cell }) => cell.metric === metric.name);
    const typical = measured.filter(({ cell }) => cell.condition === family.condition);
    const primary = typical.length > 0 ? typical : measured;
    const fit = primary.filter(({ unfit }) => unfit === undefined);
    const judged = fit.length > 0 ? fit : primary;
    const shown = decisive(judged);
    return [
      {
        ...{ name: family.name, metric: metric.name, label: metric.label },
        ...{ verdict: shown.verdict, cells: judged.length, shown },
      },
    ];
  });
}

/** The clearest change for the worse, else for the better, else the cell about which least is known. */
function decisive(cells: readonly CellComparison[]): ComparedRow {
  const corrected = cells.map(cell => rowOf(cell, LEVEL / cells.length));
  for (const verdict of ['worse', 'better'] as const) {
    const changed = corrected.filter(row => row.verdict === verdict);
    if (changed.length > 0) return most(changed, slackOf);
  }
  const alone = cells.map(cell => rowOf(cell, LEVEL));
  const undecided = corrected.filter((_, index) => alone[index]!.verdict !== 'no difference');
  return most(undecided.length > 0 ? undecided : alone, ({ detectable }) => detectable ?? Infinity);
}

/** How far the near end of the interval is from no change. */
function slackOf({ change }: ComparedRow): number {
  if (change === null || change.low === null || change.high === null) return 0;
  const [low, high] =
    change.scale === 'ratio' ? [Math.log(change.low), Math.log(change.high)] : [change.low, change.high];
  return Math.min(Math.abs(low), Math.abs(high));
}

function most<T>(items: readonly T[], by: (item: T) => number): T {
  return items.reduce((found, item) => (by(item) > by(found) ? item : found));
}
