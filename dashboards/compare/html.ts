/** A comparison as one HTML document without a script: claims first, then counts, metrics and conditions. */
import { readFile } from 'node:fs/promises';
import type {
  ComparedClaim,
  ComparedCount,
  ComparedRow,
  ComparedVerdict,
  Comparison,
  ComparisonDocument,
  ComparisonSide,
  GateItem,
} from '../../results/comparison.ts';
import { formatNumber, formatUnit } from '../format.ts';
import { titleOf } from '../order.ts';
import { html, type Markup } from '../report/html.ts';
import { verdictMark } from '../report/icons.ts';
import { page } from '../report/page.ts';
import { ratioChart, ratioScale, scaleTicks } from './ratio-chart.ts';
import {
  changeText,
  conditionText,
  countTitle,
  isFinding,
  noticesOf,
  saidBy,
  sideName,
  verdictText,
} from './row-text.ts';
import { summaryOf } from './summary.ts';
import { levelNote, otherRows, primaryRows, verdictCounts } from './text.ts';

/** @throws Error when the project was not built */
export async function comparisonHtml(document: ComparisonDocument): Promise<string> {
  const style = await readFile(new URL('../report.bundle.css', import.meta.url), 'utf8');
  const { comparisons, gate, level } = document;
  const many = comparisons.length > 1;
  const body = html`<main class="comparison"><header><p class="soft">zklab, ${many ? `${comparisons.length} comparisons` : 'a comparison'}</p>
  ${
    many &&
    html`<nav aria-label="Comparisons"><ul>${comparisons.map(
      ({ b }, index) => html`<li><a href="#comparison-${index + 1}">${sideName(b)}</a></li>`,
    )}</ul></nav>`
  }</header>
  ${comparisons.map((comparison, index) => comparisonSection(comparison, gate?.items[index], index + 1))}
  ${comparisons.some(({ rows }) => rows.length > 0) && html`<p class="note">${levelNote(level)}</p>`}</main>`;
  const [first] = comparisons;
  return page(`zklab: ${sideName(first!.b)} against ${sideName(first!.a)}`, style, body);
}

function comparisonSection(
  comparison: Comparison,
  gate: readonly GateItem[] | undefined,
  number: number,
): Markup {
  const { a, b, warnings, conditions } = comparison;
  const primary = primaryRows(comparison);
  const others = otherRows(comparison);
  const leftOut = [...a.leftOut, ...b.leftOut];
  return html`<article id="comparison-${number}">
  <h1>${sideName(b)} <span class="soft">against</span> ${sideName(a)}</h1>
  <dl class="sides">${side('a', a)}${side('b', b)}</dl>
  ${noticesOf(comparison).map(text => html`<p class="interrupted">${text}</p>`)}
  <dl class="summary">${summaryOf(comparison, gate).map(
    ({ label, text, tone }) => html`<dt>${label}</dt><dd class="is-${tone}">${text}</dd>`,
  )}</dl>
  ${warnings.map(text => html`<p class="note">${text}.</p>`)}
  ${comparison.claims.length > 0 && claimsSection(comparison.claims)}
  ${comparison.counts.length > 0 && countsSection(comparison.counts)}
  ${primary.length > 0 && html`<section aria-label="Primary metrics"><h2>Primary metrics <span class="soft">b over a</span></h2>${rowTable(primary)}</section>`}
  ${others.length > 0 && html`<section aria-label="Other metrics"><h2>Other metrics</h2><details><summary>${verdictCounts(others)}</summary>${rowTable(others)}</details></section>`}
  ${gate !== undefined && gateSection(gate)}
  ${
    conditions.length > 0 &&
    html`<section aria-label="Conditions"><h2>Conditions that differ</h2><ul>${conditions.map(
      each =>
        html`<li>${conditionText(each)}${each.matters !== 'no' && html` <b>${each.matters === 'all' ? 'makes everything incomparable' : 'makes times incomparable'}</b>`}</li>`,
    )}</ul></section>`
  }
  ${leftOut.length > 0 && html`<section aria-label="Left out"><h2>Left out</h2><ul>${leftOut.map(({ id, reason }) => html`<li>${id} ${reason}</li>`)}</ul></section>`}
  </article>`;
}

function side(name: string, { runs, commit, suite, machine }: ComparisonSide): Markup {
  const facts = [suite, commit, machine].filter(part => part !== '').join(', ');
  return html`<dt>${name}</dt><dd>${runs.length === 1 ? runs[0] : html`<details><summary>${runs.length} runs</summary>${runs.join(', ')}</details>`} <span class="soft">${facts}</span></dd>`;
}

function gateSection(items: readonly GateItem[]): Markup {
  const broken = items.filter(({ outcome }) => outcome === 'failed' || outcome === 'void');
  const rest = items.filter(({ outcome }) => outcome !== 'failed' && outcome !== 'void');
  return html`<section aria-label="Gate"><h2>Gate <span class="soft">${broken.length} of ${items.length} not passed</span></h2>
  ${broken.length > 0 && gateTable(broken)}
  ${rest.length > 0 && html`<details><summary>${rest.length} passed, undecided or known</summary>${gateTable(rest)}</details>`}</section>`;
}

function gateTable(items: readonly GateItem[]): Markup {
  return html`<div class="scroll"><table class="left"><thead><tr><th scope="col">what</th><th scope="col">outcome</th><th scope="col">why</th></tr></thead><tbody>${items.map(
    ({ what, outcome, reason, at }) =>
      html`<tr><th scope="row">${what}</th><td class="${outcome === 'failed' && 'is-bad'}">${outcome}</td><td>${reason}${at !== undefined && html`<small>${at}</small>`}</td></tr>`,
  )}</tbody></table></div>`;
}

function claimsSection(claims: readonly ComparedClaim[]): Markup {
  const changed = claims.filter(({ change }) => change !== 'unchanged');
  const unchanged = claims.filter(({ change }) => change === 'unchanged');
  return html`<section aria-label="Claims"><h2>Claims <span class="soft">${changed.length} changed, ${unchanged.length} unchanged</span></h2>
  ${changed.length > 0 && claimTable(changed)}
  ${unchanged.length > 0 && html`<details><summary>${unchanged.length} unchanged</summary>${claimTable(unchanged)}</details>`}</section>`;
}

function claimTable(claims: readonly ComparedClaim[]): Markup {
  return html`<div class="scroll"><table class="left"><thead><tr><th scope="col">claim</th><th scope="col">change</th><th scope="col">a</th><th scope="col">b</th></tr></thead>
  <tbody>${claims.map(
    ({ kind, id, title, change, a, b }) =>
      html`<tr><th scope="row">${kind === 'claim' && html`<b>${id}</b> `}${title}</th><td>${change}</td><td>${verdictCell(a)}</td><td>${verdictCell(b)}</td></tr>`,
  )}</tbody></table></div>`;
}

function verdictCell(verdict: ComparedVerdict | null): Markup {
  if (verdict === null) return html`not judged`;
  return html`${verdictMark(verdict.standing)}<small>${saidBy(verdict)}</small>`;
}

function countsSection(counts: readonly ComparedCount[]): Markup {
  const findings = counts.filter(isFinding);
  const rest = counts.filter(row => !isFinding(row));
  const judged = counts.filter(({ verdict }) => verdict !== 'free').length;
  return html`<section aria-label="Exact counts"><h2>Exact counts <span class="soft">${findings.length} of ${judged} differ</span></h2>
  ${findings.length > 0 && countTable(findings)}
  ${rest.length > 0 && html`<details><summary>${rest.length} others</summary>${countTable(rest)}</details>`}</section>`;
}

const COUNT_WORDS: Readonly<Record<ComparedCount['verdict'], string>> = {
  grew: 'grew',
  shrank: 'shrank',
  same: 'same',
  free: 'depends on batches or time',
  'only in a': 'only in a',
  'only in b': 'only in b',
};

function countTable(counts: readonly ComparedCount[]): Markup {
  const value = (count: number | null) => (count === null ? 'none' : formatNumber(count));
  return html`<div class="scroll"><table><thead><tr><th scope="col">what</th><th scope="col">a</th><th scope="col">b</th><th scope="col">b/a</th><th scope="col">verdict</th></tr></thead>
  <tbody>${counts.map(
    row =>
      html`<tr><th scope="row">${countTitle(row)}<small>${row.topology}, ${row.condition}</small></th><td>${value(row.a)}</td><td>${value(row.b)}</td><td>${row.ratio === null ? '' : formatUnit(row.ratio, 'ratio')}</td><td class="${row.verdict === 'grew' && 'is-bad'}">${COUNT_WORDS[row.verdict]}</td></tr>`,
  )}</tbody></table></div>`;
}

function rowTable(rows: readonly ComparedRow[]): Markup {
  const scale = ratioScale(rows);
  return html`<div class="scroll"><table class="rows"><thead><tr><th scope="col">what</th><th scope="col">verdict</th><th scope="col">change</th><th scope="col">${scaleTicks(scale)}</th><th scope="col">a</th><th scope="col">b</th></tr></thead>
  <tbody>${rows.map(
    row =>
      html`<tr><th scope="row">${titleOf(row.metric)}<small>${row.topology}, ${row.condition}, ${row.unit}</small></th>
      <td class="${row.verdict === 'worse' ? 'is-bad' : row.verdict === 'better' && 'is-good'}">${verdictText(row)}</td>
      <td>${stacked(changeText(row.change, row.unit))}</td><td>${ratioChart(row, scale)}</td><td>${levelCell(row.a)}</td><td>${levelCell(row.b)}</td></tr>`,
  )}</tbody></table></div>`;
}

function levelCell({ value, n, of }: ComparedRow['a']): Markup {
  return html`${value === null ? 'none' : formatNumber(value)}<small>${n} ${n === 1 ? of.slice(0, -1) : of}</small>`;
}

/** Puts the interval below its number, because side by side they leave no room for the chart. */
function stacked(text: string): Markup {
  const [value, bracket] = text.split(' (');
  return html`${value}<small>${bracket?.replace(/\)$/, '') ?? ''}</small>`;
}
