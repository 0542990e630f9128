import { type Estimate, warnings } from '../stats/estimate.ts';
import { table } from '../terminal.ts';
import type { PeerRow } from './peer-result.ts';

/** The comparison as a table; a ratio is good for us on the side its last column names. */
export function peerText(rows: readonly PeerRow[]): string {
  if (rows.length === 0) return 'no round was completed';
  const cells = rows.map(({ metric, zklab, apache, ratio }) => [
    `${metric.title} (${metric.unit})`,
    number(zklab.value),
    number(apache.value),
    `${number(ratio.value)}×`,
    intervalText(ratio),
    verdictOf(ratio, metric.higherIsBetter),
  ]);
  const found = new Set(rows.flatMap(({ ratio }) => ratio.warnings));
  const n = Math.min(...rows.map(({ ratio }) => ratio.n));
  return [
    table([['median of rounds', 'zklab', 'Apache', 'ours/theirs', '95 % interval', ''], ...cells]),
    `n = ${n} rounds of each, in turn`,
    ...[...found].map(warning => `warning: ${warnings[warning]}`),
  ].join('\n');
}

function intervalText({ low, high }: Estimate): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return 'open';
  return `${number(low)} to ${number(high)}`;
}

/** Only what the interval shows. */
function verdictOf({ low, high }: Estimate, higherIsBetter: boolean): string {
  if (!Number.isFinite(low) || !Number.isFinite(high) || (low <= 1 && high >= 1))
    return 'no difference shown';
  return low > 1 === higherIsBetter ? 'ours is better' : "Apache's is better";
}

function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 10 ? 1 : 2);
}
