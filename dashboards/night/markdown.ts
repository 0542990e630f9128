/** A night as Markdown: for an issue, a wiki, or the summary page of a CI service. */
import type { Night } from '../../results/night.ts';
import { escapeHtml } from '../report/html.ts';
import { chatLine, findingText } from './lines.ts';

export function nightMarkdown(night: Night): string {
  const { parts, findings, mended, last } = night;
  const cell = (text: string) => escapeHtml(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = parts.map(
    ({ part, outcome, seconds, text, folder }) =>
      `| ${part} | ${outcome} | ${Math.round(seconds)} s | ${cell(text)}${folder === undefined ? '' : `, \`${folder}\``} |`,
  );
  const found = findings.flatMap(each => [
    `- ${cell(findingText(each))}`,
    ...each.reasons.slice(0, 2).map(reason => `  - ${cell(reason)}`),
    ...(each.command === undefined ? [] : [`  - \`${each.command}\``]),
  ]);
  return `${[
    `## ${cell(chatLine(night))}`,
    ['| part | outcome | time | what |', '|---|---|---|---|', ...rows].join('\n'),
    found.length === 0 ? 'No failure was found.' : found.join('\n'),
    ...(mended.length > 0 ? [`Mended: ${mended.map(({ key }) => cell(key)).join('; ')}`] : []),
    last === undefined ? 'There is no earlier night to compare with.' : `Compared with ${last}.`,
  ].join('\n\n')}\n`;
}
