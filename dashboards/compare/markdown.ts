/** A comparison as Markdown, for a comment in a review: the summary, then tables that unfold. */
import type { ComparedRow, Comparison, ComparisonDocument, GateItem } from '../../results/comparison.ts';
import { escapeHtml } from '../report/html.ts';
import {
  cellText,
  changeText,
  conditionText,
  countChange,
  countTitle,
  isFinding,
  levelText,
  noticesOf,
  saidBy,
  sideName,
  verdictText,
} from './row-text.ts';
import { summaryOf, type Tone } from './summary.ts';
import { levelNote, otherRows, primaryRows } from './text.ts';

/** A comment of GitHub has at most 65,536 characters. */
const CHARACTERS_MAX = 60_000;

export function comparisonMarkdown({ comparisons, gate, level }: ComparisonDocument): string {
  const parts = comparisons.flatMap((comparison, index) => {
    const items = gate?.items[index];
    return [`## ${titleOf(comparison)}`, ...headOf(comparison, items), ...foldsOf(comparison, items)];
  });
  const note = `_${escaped(levelNote(level))}_`;
  const kept: string[] = [];
  let left = CHARACTERS_MAX - note.length;
  for (const part of parts) {
    left -= part.length + 2;
    if (left < 0) {
      kept.push('_The rest is too long for a comment; `zklab compare --json` has all of it._');
      break;
    }
    kept.push(part);
  }
  return `${[...kept, note].join('\n\n')}\n`;
}

function titleOf({ a, b }: Comparison): string {
  return `${escaped(sideName(b))} against ${escaped(sideName(a))}`;
}

const MARKS: Readonly<Record<Tone, string>> = { bad: '❌', good: '✅', plain: '' };

function headOf(comparison: Comparison, gate: readonly GateItem[] | undefined): string[] {
  const sides = (['a', 'b'] as const).map(name => {
    const { commit, machine } = comparison[name];
    return `- ${name}: ${[sideName(comparison[name]), commit, machine]
      .filter(part => part !== '')
      .map(escaped)
      .join(', ')}`;
  });
  const lines = summaryOf(comparison, gate).map(({ label, text, tone }) => [MARKS[tone], label, text]);
  return [
    sides.join('\n'),
    ...noticesOf(comparison).map(notice => `> **${escaped(notice)}**`),
    ...(lines.length === 0 ? [] : [table(['', '', 'b/a'], lines)]),
    ...comparison.warnings.map(warning => `> ${escaped(warning)}`),
  ];
}

function foldsOf(comparison: Comparison, gate: readonly GateItem[] | undefined): string[] {
  const { claims, counts, conditions } = comparison;
  const changed = claims.filter(({ change }) => change !== 'unchanged');
  const findings = counts.filter(isFinding);
  const open = (gate ?? []).filter(({ outcome }) => outcome !== 'passed');
  return [
    fold(
      `Claims that changed: ${changed.length}`,
      ['change', 'claim', 'a', 'b'],
      changed.map(({ change, kind, id, title, a, b }) => [
        change,
        kind === 'claim' ? `${id} ${title}` : title,
        a === null ? 'not judged' : `${a.standing}: ${saidBy(a)}`,
        b === null ? 'not judged' : `${b.standing}: ${saidBy(b)}`,
      ]),
    ),
    fold(
      `Counts that differ: ${findings.length}`,
      ['count', 'topology', 'condition', 'a → b'],
      findings.map(row => [countTitle(row), row.topology, row.condition, countChange(row)]),
    ),
    rowFold('Primary metrics', primaryRows(comparison)),
    rowFold('Other metrics', otherRows(comparison)),
    fold(
      `Conditions that differ: ${conditions.length}`,
      ['condition', 'makes incomparable'],
      conditions.map(each => [conditionText(each), each.matters === 'no' ? 'nothing' : each.matters]),
    ),
    fold(
      `Gate: ${open.length} not passed`,
      ['outcome', 'what', 'why', 'rule'],
      open.map(({ outcome, what, reason, at = '' }) => [outcome, what, reason, at]),
    ),
  ].filter(text => text !== '');
}

function rowFold(title: string, rows: readonly ComparedRow[]): string {
  return fold(
    `${title}: ${rows.length}`,
    ['what', 'a', 'b', 'b/a', 'verdict'],
    rows.map(row => [
      cellText(row),
      levelText(row.a, row.unit),
      levelText(row.b, row.unit),
      changeText(row.change, row.unit),
      verdictText(row),
    ]),
  );
}

function fold(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  return `<details><summary>${escapeHtml(title)}</summary>\n\n${table(head, rows)}\n\n</details>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '@': '&#64;',
  '#': '&#35;',
  '://': '&#58;//',
};

/**
 * Text that Markdown shows as it is, in a cell of a table as well: no formatting, no HTML, no line break, and
 * nothing that GitHub turns into a link or a call of a person.
 */
export function escaped(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]|~]|[&<>@#]|:\/\//g, found => ENTITIES[found] ?? `\\${found}`);
}
