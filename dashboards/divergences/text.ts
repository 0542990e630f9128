/** Where two servers differ, for a terminal. */
import { wrap } from '../terminal/wrap.ts';
import { type DivergencePair, notices, sections, sideNames, summaryText } from './sides.ts';

const INDENT = 4;
const WRAP_COLUMNS = 120;

/** Claims on which both agree are listed in one line each, without their reasons. */
export function divergencesText(pair: DivergencePair, columns = Number.POSITIVE_INFINITY): string {
  const width = Math.min(columns, WRAP_COLUMNS);
  const names = sideNames(pair);
  const lines = [
    `a  ${pair.a.run.id}  ${names.a}`,
    `b  ${pair.b.run.id}  ${names.b}`,
    '',
    ...[...notices(pair), summaryText(pair)].flatMap(text => [...wrap(text, width), '']),
  ];
  for (const { kind, title, rows } of sections(pair)) {
    lines.push(title);
    for (const { id, title, a, b } of rows) {
      lines.push(...indented(kind === 'same' ? `${id} ${title}: ${a.standing}` : `${id} ${title}`, width, 2));
      if (kind === 'same') continue;
      for (const [name, side] of [
        [names.a, a],
        [names.b, b],
      ] as const)
        lines.push(...indented(`${name}: ${side.standing}. ${side.reason}`, width, INDENT));
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function indented(text: string, width: number, by: number): string[] {
  return wrap(text, width - by).map(line => ' '.repeat(by) + line);
}
