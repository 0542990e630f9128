import type { Measurement } from '../../results/schema.ts';
import { formatInterval, formatNumber, formatSummary } from '../format.ts';
import { worstOf } from '../order.ts';
import { html, type Markup } from './html.ts';

/** A number that shows its samples: in its title on hover, in a dialog on click. */
export function numberButton(text: string, measurement: Measurement | undefined): Markup {
  if (measurement === undefined) return html`${text}`;
  const samples = measurement.samples.map(sample => formatNumber(sample.value)).join(', ');
  const title = `${formatSummary(measurement.summary, measurement.unit)}: ${samples || 'no sample'}`;
  return html`<button type="button" class="number" data-measurement="${measurement.id}" title="${title}">${text}</button>`;
}

/** The median, with interval and n below it, for a cell of a table. */
export function summaryCell(measurement: Measurement | undefined): Markup {
  if (measurement === undefined) return html`<span class="soft">not measured</span>`;
  const { summary } = measurement;
  const mark = summary.warnings.length > 0 ? '\u202f*' : '';
  const worst = worstOf(measurement);
  if (worst !== undefined)
    return html`${numberButton(formatNumber(worst), measurement)}${mark}
    <small>worst of n\u00a0${summary.n}</small>`;
  if (summary.median === null)
    return html`<span class="soft">${numberButton('no sample', measurement)}${mark}</span>`;
  const interval = formatInterval(summary);
  return html`${numberButton(formatNumber(summary.median), measurement)}${mark}
    <small>${interval === '' ? '' : `${interval}, `}n\u00a0${summary.n}</small>`;
}
