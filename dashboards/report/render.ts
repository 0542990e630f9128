import { readFile } from 'node:fs/promises';
import type { Result } from '../../results/schema.ts';
import { formatDuration } from '../format.ts';
import { availability, comparisons, latencies, syncs } from './charts.ts';
import type { EmbeddedData } from './embedded.ts';
import { environment, exactCounts, faults, limits, members } from './facts.ts';
import { answerOf } from './headline.ts';
import { embedJson, html, type Markup, trusted } from './html.ts';
import { judgements } from './judgements.ts';
import { ledger } from './ledger.ts';
import { matrix } from './matrix.ts';
import { noticesOf, remarksOf } from './notices.ts';
import { page } from './page.ts';
import { percentileCurve } from './percentiles.ts';
import { timelines } from './timelines.ts';

/** Renders one run as one self-contained HTML document. @throws Error when the project was not built */
export async function renderReport(result: Result): Promise<string> {
  const [style, script] = await Promise.all([bundled('report.bundle.css'), bundled('report.bundle.js')]);
  const curves = result.measurements.flatMap(item => percentileCurve(item) ?? []);
  const data: EmbeddedData = { result, curves };
  const body = html`<main>
  ${header(result)}
  ${result.judgements === undefined && result.matrix === undefined && ledger(result)}
  ${matrix(result)}
  ${judgements(result)}
  ${comparisons(result)}
  ${timelines(result)}
  ${availability(result)}
  ${syncs(result)}
  ${latencies(result, curves)}
  ${exactCounts(result)}
  ${faults(result)}
  ${limits(result)}
  ${environment(result)}
</main><dialog aria-label="Values"></dialog>
<script type="application/json" id="data">${embedJson(data)}</script><script>${trusted(script)}</script>`;
  return page(`zklab ${result.run.name}`, style, body);
}

function header(result: Result): Markup {
  const { run } = result;
  const answer = answerOf(result);
  const started = new Date(run.startedAt).toISOString().slice(0, 16).replace('T', ' ');
  const lasted = Date.parse(run.endedAt) - Date.parse(run.startedAt);
  return html`<header>
  <p class="soft">zklab, ${result.judgements === undefined ? 'suite ' : ''}${run.suite}, ${started} UTC, ${formatDuration(lasted)}</p>
  <h1 ${result.validity.void && html`class="is-void"`}>${answer.verdicts}</h1>
  ${noticesOf(result).map(notice => html`<p class="interrupted">${notice}</p>`)}
  ${remarksOf(result).map(remark => html`<p class="soft">${remark}</p>`)}
  ${answer.topics.map(
    ({ about, sentences }) =>
      html`<p class="answer"><b>${about}</b> ${sentences.map(
        ({ claim, standing, text }) => html`${text} <a href="#claim-${claim}">${claim} ${standing}</a>. `,
      )}</p>`,
  )}
  ${members(result)}
</header>`;
}

async function bundled(name: string): Promise<string> {
  const file = new URL(`../${name}`, import.meta.url);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${file.pathname} is missing; run "npm run build" to make it`, { cause: error });
  }
}
