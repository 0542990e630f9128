/** The cells of a matrix run, one metric after the other, each beside what it is compared with. */
import type { Result } from '../../results/schema.ts';
import { findingText, type MatrixRow, matrixTables, ratioText } from '../matrix-rows.ts';
import { html, type Markup } from './html.ts';
import { intervalMark } from './interval-mark.ts';
import { summaryCell } from './numbers.ts';

/** The symbol tells what the colour does. */
const SYMBOLS = { better: '+', worse: '×', same: '=', 'not shown': '~' } as const;

export function matrix(result: Result): Markup | null {
  if (result.matrix === undefined) return null;
  const { marginPercent, axes } = result.matrix;
  const varied = axes.filter(({ values }) => values.length > 1);
  return html`<section id="matrix"><h2>Cells and what they are compared with</h2>
  <p class="note">Each ratio is the mean over fresh starts of the cell over its control within rounds, with its 95 % interval. A ratio whose whole interval
    lies within ${marginPercent} % of 1 (shaded) is no difference. Each comparison is judged by itself: of twenty without a difference, about one will seem to show one.</p>
  ${varied.length > 0 && html`<dl class="facts">${varied.map(({ name, values }) => html`<div><dt>${name}</dt><dd>${values.join(', ')}</dd></div>`)}</dl>`}
  ${matrixTables(result).map(
    ({
      metric,
      rows,
    }) => html`<article><h3>${metric.title} <span class="soft">${rows[0]?.measurement.unit ?? metric.unit}, ${metric.higherIsBetter ? 'more' : 'less'} is better</span></h3>
    <div class="scroll"><table><thead><tr><th scope="col">cell</th><th scope="col">median</th><th scope="col">compared with</th><th scope="col">ratio</th><th scope="col"></th><th scope="col">finding</th></tr></thead>
    <tbody>${rows.map(row => rowOf(row, marginPercent))}</tbody></table></div></article>`,
  )}</section>`;
}

function rowOf({ cell, measurement, comparison }: MatrixRow, marginPercent: number): Markup {
  const head = html`<th scope="row">${cell.id}</th><td>${summaryCell(measurement)}</td>`;
  if (comparison === undefined)
    return html`<tr>${head}<td class="soft">${cell.control ?? 'the control'}</td><td></td><td></td><td></td></tr>`;
  const margin = { low: 1 / (1 + marginPercent / 100), high: 1 + marginPercent / 100 };
  const mark = intervalMark({ estimate: comparison.ratio, rule: { margin } }, 'no difference');
  return html`<tr>${head}<td>${comparison.control}</td><td>${ratioText(comparison)} <small>n\u00a0${comparison.ratio.n}</small></td><td>${mark}</td>
    <td>${SYMBOLS[comparison.finding]} ${findingText(comparison, marginPercent)}</td></tr>`;
}
