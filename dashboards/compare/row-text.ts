/** Rows, counts and conditions of a comparison in words. All forms of output use these. */
import type {
  ComparedChange,
  ComparedCount,
  ComparedRow,
  ComparedVerdict,
  Comparison,
  ComparisonSide,
  Condition,
} from '../../results/comparison.ts';
import { EXACT_COUNTS } from '../../results/names.ts';
import { formatInterval, formatNumber, formatUnit } from '../format.ts';
import { titleOf } from '../order.ts';

/** `Write throughput, observers, healthy` */
export function cellText({ metric, topology, condition }: ComparedRow): string {
  return `${titleOf(metric)}, ${topology}, ${condition}`;
}

/** `5,870 writes/s (n 6)` */
export function levelText({ value, n, of }: ComparedRow['a'], unit: string): string {
  return value === null ? 'none' : `${formatUnit(value, unit)} (${n} ${n === 1 ? of.slice(0, -1) : of})`;
}

/** `0.81× (0.786–0.834)`, `−12 % (−14 to −10)` */
export function changeText(change: ComparedChange | null, unit: string): string {
  if (change === null) return 'none';
  const { value, low, high, scale } = change;
  const interval = formatInterval({ low, high });
  const said = scale === 'ratio' ? formatUnit(value, 'ratio') : signed(value, unit);
  return interval === '' ? said : `${said} (${interval})`;
}

function signed(value: number, unit: string): string {
  return `${value > 0 ? '+' : ''}${formatUnit(value, unit)}`;
}

/** `no difference within 3 %`, `no difference shown, 24 % would have been`, `worse` */
export function verdictText(row: ComparedRow): string {
  const { verdict, change, detectable, margin, unit } = row;
  switch (verdict) {
    case 'no difference':
      return `no difference within ${distanceText(margin!.high, change!.scale, unit)}`;
    case 'no difference shown':
      return detectable === null
        ? 'no difference shown'
        : `no difference shown, ${distanceText(detectable, change!.scale, unit)} would have been`;
    case 'too few':
      return 'too few samples';
    case 'void':
      return 'void: most rounds of a side do not count';
    default:
      return verdict;
  }
}

/** `24 %`: the smallest change that would have been shown nine times out of ten. */
export function detectableText({ detectable, change, unit }: ComparedRow): string {
  return detectable === null || change === null ? '' : distanceText(detectable, change.scale, unit);
}

/** Beyond this a factor says more than a percentage. */
const FACTOR_MIN = 2;

/** The distance from no change: `24 %` for 1.24 on the scale of ratios, `2.4×`, `3 points`. */
function distanceText(value: number, scale: ComparedChange['scale'], unit: string): string {
  if (scale === 'difference') return unit === '%' ? `${formatNumber(value)} points` : formatUnit(value, unit);
  if (value >= FACTOR_MIN) return formatUnit(Number(value.toPrecision(2)), 'ratio');
  return `${Number(((value - 1) * 100).toPrecision(2))} %`;
}

/** `Messages the leader sends per write` */
export function countTitle({ name }: ComparedCount): string {
  return (EXACT_COUNTS[name] ?? titleOf(name)).replace(', per committed write', ' per write');
}

/** `4 → 8 (2×)` */
export function countChange({ a, b, ratio }: ComparedCount): string {
  const side = (value: number | null) => (value === null ? 'not counted' : formatNumber(value));
  return `${side(a)} → ${side(b)}${ratio === null ? '' : ` (${formatUnit(ratio, 'ratio')})`}`;
}

export function isFinding({ verdict }: ComparedCount): boolean {
  return verdict === 'grew' || verdict === 'shrank';
}

/** `suite.load.valueBytes: 100 and 1000` */
export function conditionText({ what, a, b }: Condition): string {
  return a === '' && b === '' ? what : `${what}: ${a} and ${b}`;
}

/** `2026-08-01T02-30-00Z-quick`, or `6 runs, 2026-08-01 to 2026-08-06` */
export function sideName({ runs }: ComparisonSide): string {
  const [first, last] = [runs[0]!, runs.at(-1)!].map(id => id.slice(0, '2026-08-01'.length));
  return runs.length === 1 ? runs[0]! : `${runs.length} runs, ${first} to ${last}`;
}

/** Why a claim has its verdict; over several runs also what they said alone. */
export function saidBy({ reason, tally }: ComparedVerdict): string {
  return tally === undefined ? reason : `${reason} Run by run: ${tally}.`;
}

/** What must be read before anything else, in full sentences. */
export function noticesOf({ voidReasons, withheld, anyway, conditions }: Comparison): string[] {
  const reasons = (matters: Condition['matters']) =>
    conditions.filter(condition => condition.matters === matters).map(conditionText);
  const overruled = [...reasons('all'), ...reasons('times')];
  return [
    ...voidReasons.map(reason => `Does not count: ${reason}.`),
    ...(withheld === 'all' ? [`Not comparable: ${reasons('all').join('; ')}. --anyway compares them.`] : []),
    ...(withheld === 'times'
      ? [`Times are not comparable: ${reasons('times').join('; ')}. --anyway compares them.`]
      : []),
    ...(anyway ? [`Compared anyway, although they differ: ${overruled.join('; ')}.`] : []),
  ];
}
