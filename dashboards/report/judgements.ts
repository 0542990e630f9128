import type { Judgement, Result, Verdict } from '../../results/schema.ts';
import { mostDoubtfulFirst } from '../../results/verdicts.ts';
import { formatNumber } from '../format.ts';
import { counterexampleDrawing } from './counterexample.ts';
import { html, type Markup } from './html.ts';
import { verdictMark } from './icons.ts';

/** Judgements look like verdicts: "valid" like "holds", "unknown" like "not shown here". */
export const VERDICT_OF: Readonly<Record<Judgement['valid'], Verdict>> = {
  valid: 'holds',
  invalid: 'fails',
  unknown: 'not shown here',
};

/** The judgement of each checker about the history, with all reasons. */
export function judgements({ judgements = [] }: Result): Markup | null {
  if (judgements.length === 0) return null;
  return html`<section id="judgements"><h2>Checkers <span class="soft">worst first</span></h2>
  <div class="scroll"><table class="left"><thead><tr><th>checker</th><th>judgement</th><th>compared</th><th>reasons</th></tr></thead>
  <tbody>${mostDoubtfulFirst(judgements).map(
    ({ checker, valid, checked, reasons, notes = [], counterexample }) =>
      html`<tr><th scope="row">${checker}</th><td>${verdictMark(VERDICT_OF[valid], valid)}</td><td>${formatNumber(checked)}</td>
    <td>${[...reasons, ...notes].map(reason => html`<div>${reason}</div>`)}${counterexample && counterexampleDrawing(counterexample)}</td></tr>`,
  )}</tbody></table></div></section>`;
}
