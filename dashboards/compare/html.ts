import { readFile } from 'node:fs/promises';
import type { Comparison, ComparisonRow } from '../../results/comparison.ts';
import { titleOf } from '../order.ts';
import { html, type Markup } from '../report/html.ts';
import { page } from '../report/page.ts';
import { incomparable, pText, ratioText, sideText, sortedRows } from './text.ts';

const RATIO_SHOWN_MAX = 2;

/** Renders two runs as one HTML document without a script. @throws Error when the project was not built */
export async function renderComparison(comparison: Comparison): Promise<string> {
  const style = await readFile(new URL('../report.bundle.css', import.meta.url), 'utf8');
  const { a, b, warnings } = comparison;
  const body = html`<main><header><p class="soft">zklab, two runs compared</p><h1>${headline(comparison)}</h1>
  <p><b>a</b> ${a.id} <span class="soft">${a.label}</span></p><p><b>b</b> ${b.id} <span class="soft">${b.label}</span></p></header>
  ${incomparable(comparison).map(text => html`<p class="interrupted">${text}</p>`)}
  ${warnings.length > 0 && html`<section><h2>Warnings</h2><ul>${warnings.map(text => html`<li>${text}</li>`)}</ul></section>`}
  <section><h2>Row by row</h2><p class="note">The ratio b/a and its interval, on a scale from ½ to 2; the middle means no change.
  p: Mann-Whitney U after Holm's correction.</p><div class="scroll"><table class="comparison">
  <thead><tr><th>what</th><th>verdict for b</th><th>a</th><th>b</th><th>b/a</th><th></th></tr></thead>
  <tbody>${sortedRows(comparison).map(tableRow)}</tbody></table></div></section></main>`;
  return page(`zklab ${a.id} and ${b.id}`, style, body);
}

function headline({ rows }: Comparison): string {
  const count = (verdict: ComparisonRow['verdict']) => rows.filter(row => row.verdict === verdict).length;
  return `${rows.length} compared: ${count('worse')} worse, ${count('better')} better, ${count('no difference shown')} with no difference shown, ${count('too few')} with too few samples`;
}

function tableRow(row: ComparisonRow): Markup {
  return html`<tr><th scope="row">${titleOf(row.metric)}<small>${row.topology}, ${row.condition}, ${row.unit}</small></th>
  <td>${row.verdict === 'worse' ? html`<b class="v-fails">worse</b>` : row.verdict}<small>${row.pHolm === null ? '' : `p ${pText(row)}`}</small></td>
  <td>${stacked(sideText(row.a))}</td><td>${stacked(sideText(row.b))}</td><td>${stacked(ratioText(row))}</td><td>${ratioBar(row)}</td></tr>`;
}

/** The ratio on a logarithmic scale, so that half and double are equally far from no change. */
function ratioBar({ ratio }: ComparisonRow): Markup {
  if (ratio === null) return html``;
  const x = (value: number) => {
    const held = Math.max(1 / RATIO_SHOWN_MAX, Math.min(RATIO_SHOWN_MAX, value));
    return (60 + (Math.log(held) / Math.log(RATIO_SHOWN_MAX)) * 56).toFixed(1);
  };
  const line =
    ratio.low !== null &&
    ratio.high !== null &&
    html`<line x1="${x(ratio.low)}" x2="${x(ratio.high)}" y1="8" y2="8" stroke="var(--topology-0)" stroke-width="7"/>`;
  return html`<svg width="120" height="16" viewBox="0 0 120 16" role="img" aria-label="${ratio.value}">
  <line x1="60" x2="60" y1="0" y2="16" stroke="var(--soft)"/>${line}<line x1="${x(ratio.value)}" x2="${x(ratio.value)}" y1="1" y2="15" stroke="var(--ink)" stroke-width="1.5"/></svg>`;
}

/**
 * Puts the text in brackets behind a number below it, because three intervals side by side leave no room for
 * the bar.
 */
function stacked(text: string) {
  const [value, bracket] = text.split(' (');
  return html`${value}<small>${bracket?.replace(/\)$/, '') ?? ''}</small>`;
}
