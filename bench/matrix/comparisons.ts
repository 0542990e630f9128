/** Compares each cell with its control: ratios within rounds, so that what slows the machine cancels out. */
import { METRICS } from '../../results/names.ts';
import type { Matrix, MatrixComparison, Result } from '../../results/schema.ts';
import { Evidence, paired, type Series } from '../claims/judging/evidence.ts';
import { detectable, intervalOf, type MeanInterval, meanOf } from '../stats/mean-interval.ts';

/**
 * With fewer starts there is no finding, because a single outlier would decide. More rounds of a start are no
 * substitute: they share what is random about it, such as who leads and how warm the code is.
 */
export const STARTS_MIN = 5;
/** Probability of an error at each end: intervals cover 95 %. */
const TAIL = 0.025;
/** The share of runs in which an effect that is called detectable would be shown. */
const POWER = 0.9;

/** Metrics of a cell that describe the machine. They are compared with nothing. */
const OF_THE_MACHINE: readonly string[] = ['leaderThrottled', 'machineIdle'];

export function comparisonsOf(
  { cells, marginPercent }: Pick<Matrix, 'cells' | 'marginPercent'>,
  evidence: Evidence['result'],
): MatrixComparison[] {
  const found = new Evidence(evidence);
  const metrics = METRICS.filter(({ name }) => !OF_THE_MACHINE.includes(name));
  return metrics.flatMap(({ name: metric, higherIsBetter }) =>
    cells.flatMap((cell): MatrixComparison[] => {
      const control = cells.find(({ id }) => id === cell.control);
      const [a, b] = [control, cell].map(each => seriesOf(found, evidence, metric, each));
      if (control === undefined || a === undefined || b === undefined) return [];
      const ratio = compared(a, b, higherIsBetter, marginPercent);
      return ratio === undefined ? [] : [{ metric, cell: cell.id, control: control.id, ...ratio }];
    }),
  );
}

function seriesOf(
  evidence: Evidence,
  { topologies }: Pick<Result, 'topologies'>,
  metric: string,
  cell: Matrix['cells'][number] | undefined,
): Series | undefined {
  if (cell === undefined) return undefined;
  const topology = topologies.find(({ name }) => name === cell.topology);
  const series = evidence.series(metric, topology, cell.condition);
  return series === undefined || series.values.length === 0 ? undefined : series;
}

/** The mean of ln(b / a) within rounds, each start counting once, as for a claim. Undefined without pairs. */
function compared(
  a: Series,
  b: Series,
  higherIsBetter: boolean,
  marginPercent: number,
): Pick<MatrixComparison, 'ratio' | 'finding' | 'detectable'> | undefined {
  const mean = meanOf(
    paired(a, b)
      .map(round => ({ start: round.start, value: Math.log(round.b / round.a) }))
      .filter(({ value }) => Number.isFinite(value)),
  );
  if (mean.rounds === 0) return undefined;
  const { low, high } = intervalOf(mean, TAIL);
  const end = (at: number) => (Number.isFinite(at) ? Math.exp(at) : null);
  const ratio = {
    value: Math.exp(mean.value),
    low: end(low),
    high: end(high),
    n: mean.rounds,
    unit: 'ratio',
  };
  const finding = findingOf(mean, { low, high }, Math.log(1 + marginPercent / 100), higherIsBetter);
  const isOpen = finding === 'not shown' && mean.starts >= STARTS_MIN;
  const reach = isOpen ? Math.exp(detectable(mean, TAIL, POWER)) : undefined;
  const isKnown = reach !== undefined && Number.isFinite(reach) && reach > 1;
  return { ratio, finding, ...(isKnown && { detectable: reach }) };
}

function findingOf(
  { starts }: MeanInterval,
  { low, high }: { readonly low: number; readonly high: number },
  margin: number,
  higherIsBetter: boolean,
): MatrixComparison['finding'] {
  if (starts < STARTS_MIN) return 'not shown';
  if (low >= -margin && high <= margin) return 'same';
  if (low <= 0 && high >= 0) return 'not shown';
  return low > 0 === higherIsBetter ? 'better' : 'worse';
}
