import { CONFIDENCE, type Estimate, warnings } from '../stats/estimate.ts';
import { fittedTable } from '../terminal.ts';
import type { PeerRow } from './peer-result.ts';
import { TURNS_TEXT } from './turns.ts';

/** The comparison as a table. Its last column says only what the interval shows. */
export function peerText(rows: readonly PeerRow[], widthColumns = Number.POSITIVE_INFINITY): string {
  if (rows.length === 0) return 'no round was completed';
  const compared = rows.some(({ against }) => against !== undefined);
  const head = compared
    ? ['median of rounds', 'n', 'zklab', 'Apache', 'ours/theirs', '95 % interval', '']
    : ['median of rounds', 'n', 'zklab', '95 % interval'];
  const found = new Set(rows.flatMap(({ zklab, against }) => (against?.ratio ?? zklab).warnings));
  return [
    fittedTable(rows.map(cellsOf), widthColumns, head),
    ...(compared ? [TURNS_TEXT] : []),
    ...[...found].map(warning => `warning: ${warnings[warning]}`),
  ].join('\n');
}

function cellsOf({ metric, zklab, against }: PeerRow): string[] {
  const title = `${metric.title} (${metric.unit})`;
  if (against === undefined) return [title, String(zklab.n), number(zklab.value), intervalText(zklab)];
  const { apache, ratio } = against;
  return [
    title,
    String(ratio.n),
    number(zklab.value),
    number(apache.value),
    `${number(ratio.value)}×`,
    intervalText(ratio),
    verdictOf(ratio, metric.higherIsBetter),
  ];
}

function intervalText({ low, high, confidence }: Estimate): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return 'open';
  const coverage = confidence === CONFIDENCE ? '' : ` at ${(confidence * 100).toFixed(0)} %`;
  return `${number(low)} to ${number(high)}${coverage}`;
}

function verdictOf({ low, high }: Estimate, higherIsBetter: boolean): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return 'too few rounds to say';
  if (low <= 1 && high >= 1) return 'no difference shown';
  return low > 1 === higherIsBetter ? 'ours is better' : "Apache's is better";
}

function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 10 ? 1 : 2);
}
