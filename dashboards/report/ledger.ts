import type { Claim, Result } from '../../results/schema.ts';
import { familyText, standingOf, worstFirst } from '../../results/verdicts.ts';
import { formatEstimate, formatUnit } from '../format.ts';
import { html, type Markup } from './html.ts';
import { verdictMark } from './icons.ts';
import { goodText, intervalMark } from './interval-mark.ts';
import { numberButton } from './numbers.ts';

/** Every claim with its verdict, number and reason. The details behind it unfold. */
export function ledger(result: Result): Markup {
  return html`<section id="claims" aria-label="Claims">
  <h2>Claims <span class="soft">worst first</span></h2>
  ${result.claims.length === 0 && html`<p>No claim was judged in this run.</p>`}
  ${familyText(result.claims) !== undefined && html`<p class="note">${familyText(result.claims)}</p>`}
  <ol class="ledger">${worstFirst(result.claims).map(claim => html`<li>${claimFold(claim, result)}</li>`)}</ol>
</section>`;
}

function claimFold(claim: Claim, result: Result): Markup {
  const byId = new Map(result.measurements.map(item => [item.id, item]));
  return html`<details id="claim-${claim.id}"><summary>
    ${verdictMark(standingOf(claim))}
    <span class="claim"><b>${claim.id}</b> ${claim.title}
      <span class="reason">${claim.reason}${claim.known !== undefined && html` Known: ${claim.known}.`}${claim.warnings.length > 0 && html` <em>${count(claim.warnings.length)}</em>`}</span></span>
    <span class="estimate">${claim.estimate && formatEstimate(claim.estimate)}${intervalMark(claim)}</span>
  </summary>
  <dl>
    <dt>Hypothesis</dt><dd>${claim.hypothesis}</dd>
    <dt>Metric</dt><dd>${claim.metric}${claim.unit !== '' && `, in ${claim.unit}`}</dd>
    <dt>Control</dt><dd>${claim.control}</dd>
    ${claim.rule !== undefined && html`<dt>Rule</dt><dd>${ruleText(claim.rule, claim.unit)}</dd>`}
    <dt>From</dt><dd>${claim.source}</dd>
    ${
      claim.exact.length > 0 &&
      html`<dt>Counted</dt><dd><ul>${claim.exact.map(
        item => html`<li>${item.name}: ${formatUnit(item.value, item.unit)}</li>`,
      )}</ul></dd>`
    }
    ${
      claim.evidence.length > 0 &&
      html`<dt>Evidence</dt><dd><ul>${claim.evidence.map(id => {
        const item = byId.get(id);
        return html`<li>${numberButton(item ? `${item.metric}, ${item.topology}, ${item.condition}` : id, item)}</li>`;
      })}</ul></dd>`
    }
    ${
      claim.warnings.length > 0 &&
      html`<dt>Warnings</dt><dd><ul>${claim.warnings.map(warning => html`<li>${warning}</li>`)}</ul></dd>`
    }
  </dl></details>`;
}

/** `good: above 1×; at this bound, at most 1 % of runs give a wrong verdict` */
function ruleText({ level, margin }: NonNullable<Claim['rule']>, unit: string): string {
  return `good: ${goodText(margin, unit)}; at this bound, at most ${formatUnit(level * 100, '%')} of runs give a wrong verdict`;
}

function count(warnings: number): string {
  return warnings === 1 ? '1 warning' : `${warnings} warnings`;
}
