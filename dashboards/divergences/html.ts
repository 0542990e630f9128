/** Where two servers differ, as one HTML document without a script. */
import { readFile } from 'node:fs/promises';
import type { DivergenceSide } from '../../results/divergences.ts';
import { html, type Markup } from '../report/html.ts';
import { page } from '../report/page.ts';
import { type DivergencePair, notices, sections, sideNames, summaryText } from './sides.ts';

/** @throws Error when the project was not built */
export async function divergencesHtml(pair: DivergencePair): Promise<string> {
  const style = await readFile(new URL('../report.bundle.css', import.meta.url), 'utf8');
  const names = sideNames(pair);
  const body = html`<main><header><p class="soft">zklab, claims of two servers</p>
  <h1>${names.a} <span class="soft">and</span> ${names.b}</h1>
  <p>${summaryText(pair)}</p>
  ${notices(pair).map(text => html`<p class="interrupted">${text}</p>`)}
  <p class="note">Each verdict compares a server with itself, within its own run: ${pair.a.run.id} and ${pair.b.run.id}.</p></header>
  ${sections(pair).map(
    ({
      title,
      rows,
    }) => html`<section aria-label="${title}"><h2>${title} <span class="soft">${rows.length}</span></h2>
  <div class="scroll"><table class="left"><thead><tr><th scope="col">claim</th><th scope="col">${names.a}</th><th scope="col">${names.b}</th></tr></thead>
  <tbody>${rows.map(
    ({ id, title: claim, a, b }) =>
      html`<tr><th scope="row"><b>${id}</b> ${claim}</th><td>${cell(a)}</td><td>${cell(b)}</td></tr>`,
  )}</tbody></table></div></section>`,
  )}</main>`;
  return page(`zklab: ${names.a} and ${names.b}`, style, body);
}

function cell({ standing, reason }: DivergenceSide): Markup {
  return html`<b>${standing}</b><small>${reason}</small>`;
}
