/** A comparison for a terminal: the summary of each pair first, then what is behind it. */
import type {
  ComparedClaim,
  ComparedRow,
  Comparison,
  ComparisonDocument,
  GateItem,
  RowVerdict,
} from '../../results/comparison.ts';
import { formatNumber } from '../format.ts';
import { titleOf } from '../order.ts';
import { type Paint, painter, type Style } from '../terminal/paint.ts';
import type { TerminalLook } from '../terminal/table.ts';
import { wrap } from '../terminal/wrap.ts';
import {
  cellText,
  changeText,
  conditionText,
  countChange,
  countTitle,
  detectableText,
  isFinding,
  levelText,
  noticesOf,
  saidBy,
  sideName,
  verdictText,
} from './row-text.ts';
import { type SummaryLine, summaryOf, type Tone } from './summary.ts';

const STYLES: Readonly<Record<Tone, Style | undefined>> = { bad: 'red', good: 'green', plain: undefined };
const INDENT = 4;

/** @param all prints the rows that are no primary metric, which are counted only otherwise */
export function comparisonText(document: ComparisonDocument, look: TerminalLook, all = false): string {
  const { comparisons, gate, level } = document;
  const paint = painter(look.colour);
  const itemsOf = (index: number) => gate?.items[index];
  const width = look.widthColumns;
  const lines = [
    ...comparisons.flatMap((comparison, index) => [
      ...summaryLines(comparison, itemsOf(index), width, paint),
      '',
    ]),
    ...comparisons.flatMap((comparison, index) =>
      detailLines(comparison, itemsOf(index), { width, paint, all, level, isOne: comparisons.length === 1 }),
    ),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function summaryLines(
  comparison: Comparison,
  gate: readonly GateItem[] | undefined,
  width: number,
  paint: Paint,
): string[] {
  const { a, b } = comparison;
  const lines = summaryOf(comparison, gate);
  const labelWidth = Math.max(...lines.map(({ label }) => label.length), 0) + 2;
  const side = (name: string, of: Comparison['a']) =>
    wrap(
      [name, sideName(of), of.commit, of.machine]
        .filter(part => part !== '')
        .join(', ')
        .replace(',', ' '),
      width,
    ).map(line => paint('bold', line));
  return [
    ...side('a', a),
    ...side('b', b),
    ...noticesOf(comparison).flatMap(notice => wrap(notice, width).map(line => paint('yellow', line))),
    ...lines.flatMap(line => summaryLine(line, labelWidth, width, paint)),
  ];
}

function summaryLine(
  { label, text, tone }: SummaryLine,
  labelWidth: number,
  width: number,
  paint: Paint,
): string[] {
  const [first = '', ...rest] = wrap(text, width - labelWidth);
  const style = STYLES[tone];
  return [label.padEnd(labelWidth) + first, ...rest.map(line => ' '.repeat(labelWidth) + line)].map(line =>
    style === undefined ? line : paint(style, line),
  );
}

interface DetailOptions {
  readonly width: number;
  readonly paint: Paint;
  readonly all: boolean;
  readonly level: number;
  readonly isOne: boolean;
}

function detailLines(
  comparison: Comparison,
  gate: readonly GateItem[] | undefined,
  { width, paint, all, level, isOne }: DetailOptions,
): string[] {
  const heading = (text: string) => paint('bold', text);
  const { claims, counts, conditions, warnings, a, b } = comparison;
  const section = (title: string, body: readonly string[]) =>
    body.length === 0 ? [] : [heading(title), ...body, ''];
  const changed = claims.filter(({ change }) => change !== 'unchanged');
  const leftOut = [...a.leftOut, ...b.leftOut];
  const open = (gate ?? []).filter(({ outcome }) => outcome === 'failed' || outcome === 'void');
  return [
    ...(isOne ? [] : [heading(`${sideName(a)} and ${sideName(b)}`), '']),
    ...section(
      'Claims that changed',
      changed.flatMap(claim => claimLines(claim, width)),
    ),
    ...section(
      'Counts that differ',
      counts
        .filter(isFinding)
        .flatMap(row =>
          indented(`${countTitle(row)}: ${countChange(row)}, ${row.topology}, ${row.condition}`, width),
        ),
    ),
    ...section('Primary metrics, b/a', rowLines(primaryRows(comparison), width)),
    ...section('Other metrics, b/a', restLines(comparison, all, width)),
    ...section(
      'Conditions that differ',
      conditions.flatMap(each => indented(conditionText(each), width)),
    ),
    ...section(
      'Left out',
      leftOut.flatMap(({ id, reason }) => indented(`${id} ${reason}`, width)),
    ),
    ...section(
      'Gate',
      open.flatMap(({ what, outcome, reason, at }) =>
        indented(`${outcome}: ${what}: ${reason}${at === undefined ? '' : ` [${at}]`}`, width),
      ),
    ),
    ...warnings.flatMap(warning => [...wrap(`warning: ${warning}`, width), '']),
    ...(comparison.rows.length === 0 ? [] : wrap(levelNote(level), width).map(line => paint('dim', line))),
    '',
  ];
}

/** `Each end of an interval errs in 1 % of comparisons ...` */
export function levelNote(level: number): string {
  return (
    `Each end of an interval errs in ${level * 100} % of comparisons: of 100 rows without a change about ${level * 200} come out as better or worse. ` +
    'The line of a family in the summary errs no more often than one row. A verdict of “none” means that the whole interval is within 3 %. ' +
    'n counts starts if a run had several, runs in a pool, and otherwise rounds.'
  );
}

function claimLines({ id, kind, title, a, b, change }: ComparedClaim, width: number): string[] {
  const side = (name: string, verdict: ComparedClaim['a']) =>
    verdict === null ? [] : indented(`${name} ${verdict.standing}: ${saidBy(verdict)}`, width);
  const name = kind === 'claim' ? `${id} ${title}` : title;
  return [...wrap(`${change}: ${name}`, width), ...side('a', a), ...side('b', b)];
}

/** The cells of the families, so that each line of the summary can be looked up. */
export function primaryRows({ families, rows }: Comparison): ComparedRow[] {
  return families.flatMap(({ metric, shown }) => {
    const measured = rows.filter(row => row.metric === metric);
    const typical = measured.filter(({ condition }) => condition === shown.condition);
    return typical.length > 0 ? typical : measured;
  });
}

export function otherRows(comparison: Comparison): ComparedRow[] {
  const primary = new Set(primaryRows(comparison));
  return comparison.rows.filter(row => !primary.has(row));
}

function restLines(comparison: Comparison, all: boolean, width: number): string[] {
  const rows = otherRows(comparison);
  if (rows.length === 0) return [];
  return all ? rowLines(rows, width) : indented(`${verdictCounts(rows)}; --all prints them`, width);
}

/** `45 rows: 1 worse, 2 better, 42 with no difference shown` */
export function verdictCounts(rows: readonly ComparedRow[]): string {
  const names = [...new Set(rows.map(({ verdict }) => verdict))];
  const counted = names.map(name => {
    const count = rows.filter(({ verdict }) => verdict === name).length;
    return `${count} ${name === 'no difference' || name === 'no difference shown' ? `with ${name}` : name}`;
  });
  return `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}: ${counted.join(', ')}`;
}

const HEAD = ['', 'a', 'b', 'n', 'b/a', 'verdict', 'would show'];

/** A table for each metric and condition, with the topologies below each other. */
function rowLines(rows: readonly ComparedRow[], width: number): string[] {
  if (rows.length === 0) return [];
  const groups = new Map<string, ComparedRow[]>();
  for (const row of rows) {
    const key = `${titleOf(row.metric)}, ${row.condition}${row.unit === '' ? '' : ` (${row.unit})`}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const table = [HEAD, ...rows.map(rowCells)];
  const widths = HEAD.map((_, column) => Math.max(...table.map(cells => cells[column]!.length)));
  const line = (cells: readonly string[]) =>
    `    ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ')}`;
  if (line(HEAD).length > width) return rows.flatMap(row => stackedLines(row, width));
  return [
    line(HEAD),
    ...[...groups].flatMap(([title, of]) => [
      ...wrap(title, width - 2).map(text => `  ${text}`),
      ...of.map(row => line(rowCells(row))),
    ]),
  ];
}

function rowCells(row: ComparedRow): string[] {
  const { topology, a, b, change, unit, verdict } = row;
  const value = (side: ComparedRow['a']) => (side.value === null ? 'none' : formatNumber(side.value));
  return [
    topology,
    value(a),
    value(b),
    a.n === b.n ? String(a.n) : `${a.n}, ${b.n}`,
    changeText(change, unit),
    SHORT_VERDICTS[verdict],
    detectableText(row),
  ];
}

const SHORT_VERDICTS: Readonly<Record<RowVerdict, string>> = {
  worse: 'worse',
  better: 'better',
  'no difference': 'none',
  'no difference shown': 'not shown',
  'too few': 'too few',
  void: 'void',
};

function stackedLines(row: ComparedRow, width: number): string[] {
  const { a, b, change, unit } = row;
  return [
    ...wrap(`${cellText(row)}: ${verdictText(row)}`, width - 2).map(line => `  ${line}`),
    ...indented(`a ${levelText(a, unit)}, b ${levelText(b, unit)}, b/a ${changeText(change, unit)}`, width),
  ];
}

function indented(text: string, width: number): string[] {
  return wrap(text, width - INDENT).map(line => ' '.repeat(INDENT) + line);
}
