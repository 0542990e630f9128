import type { Claim } from '../../results/schema.ts';
import { CONFIDENCE, type Estimate, warnings } from '../stats/estimate.ts';
import { fittedTable } from '../terminal.ts';
import type { PeerRow } from './peer-result.ts';
import type { PerSide } from './servers.ts';
import { turnsText } from './turns.ts';

export interface TableOptions {
  /** As `Comparison.marginShare`. */
  readonly marginShare?: number | undefined;
  readonly widthColumns?: number;
  /** As `Comparison.roundsPerStart`, if there was more than one start. */
  readonly roundsPerStart?: number | undefined;
}

/** The comparison as a table. Its last column says only what the interval shows. */
export function peerText(
  rows: readonly PeerRow[],
  titles: PerSide<string>,
  { marginShare, roundsPerStart, widthColumns = Number.POSITIVE_INFINITY }: TableOptions = {},
): string {
  if (rows.length === 0) return 'no round was completed';
  const compared = rows.some(({ against }) => against !== undefined);
  const head = compared
    ? [
        'median of rounds',
        'n',
        titles.first,
        titles.second!,
        `${titles.first}/${titles.second}`,
        '95 % interval',
        '',
      ]
    : ['median of rounds', 'n', titles.first, '95 % interval'];
  const found = new Set(rows.flatMap(({ first, against }) => (against?.ratio ?? first).warnings));
  return [
    fittedTable(
      rows.map(row => cellsOf(row, titles, marginShare)),
      widthColumns,
      head,
    ),
    ...(compared ? [turnsText(titles, roundsPerStart)] : []),
    ...[...found].map(warning => `warning: ${warnings[warning]}`),
  ].join('\n');
}

/** One line for each verdict. */
export function verdictsText(claims: readonly Claim[]): string {
  const width = (of: (claim: Claim) => string) => Math.max(...claims.map(claim => of(claim).length));
  const [idWidth, verdictWidth] = [width(({ id }) => id), width(({ verdict }) => verdict)];
  return claims
    .map(({ id, verdict, reason }) => `${id.padEnd(idWidth)}  ${verdict.padEnd(verdictWidth)}  ${reason}`)
    .join('\n');
}

function cellsOf(
  { metric, first, against }: PeerRow,
  titles: PerSide<string>,
  marginShare: number | undefined,
): string[] {
  const title = `${metric.title} (${metric.unit})`;
  if (against === undefined) return [title, String(first.n), number(first.value), intervalText(first)];
  const { second, ratio } = against;
  return [
    title,
    String(ratio.n),
    number(first.value),
    number(second.value),
    `${number(ratio.value)}×`,
    intervalText(ratio),
    verdictOf(ratio, metric.higherIsBetter, titles, marginShare),
  ];
}

function intervalText({ low, high, confidence }: Estimate): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return 'open';
  const coverage = confidence === CONFIDENCE ? '' : ` at ${(confidence * 100).toFixed(0)} %`;
  return `${number(low)} to ${number(high)}${coverage}`;
}

function verdictOf(
  { low, high }: Estimate,
  higherIsBetter: boolean,
  { first, second }: PerSide<string>,
  marginShare: number | undefined,
): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return 'too few rounds to say';
  if (marginShare !== undefined && low >= 1 - marginShare && high <= 1 + marginShare)
    return `within ${marginShare * 100} %`;
  if (low <= 1 && high >= 1) return 'no difference shown';
  return `${low > 1 === higherIsBetter ? first : second} is better`;
}

function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 10 ? 1 : 2);
}
