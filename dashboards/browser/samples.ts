import type { Measurement } from '../../results/schema.ts';
import { formatNumber, formatSummary } from '../format.ts';
import type { EmbeddedData } from '../report/embedded.ts';
import { closeButton, element, rawLine } from './elements.ts';

/** Makes every number with data-measurement show its samples and its raw line on click. */
export function openSamplesOnClick(data: EmbeddedData, dialog: HTMLDialogElement): void {
  const byId = new Map(data.result.measurements.map(item => [item.id, item]));
  document.addEventListener('click', event => {
    const target =
      event.target instanceof Element ? event.target.closest<HTMLElement>('[data-measurement]') : null;
    const measurement = byId.get(target?.dataset.measurement ?? '');
    if (measurement !== undefined) show(dialog, measurement);
    else if (event.target === dialog) dialog.close();
  });
}

function show(dialog: HTMLDialogElement, measurement: Measurement): void {
  const { histogram, ...line } = measurement;
  dialog.replaceChildren(
    element('h3', `${measurement.metric}: ${measurement.topology}, ${measurement.condition}`),
    element('p', formatSummary(measurement.summary, measurement.unit)),
    samplesTable(measurement),
    ...measurement.summary.warnings.map(warning => element('p', `Warning: ${warning}`)),
    rawLine({
      ...line,
      ...(histogram && { histogram: `${histogram.encoded.length} characters, ${histogram.unit}` }),
    }),
    closeButton(dialog),
  );
  dialog.showModal();
}

function samplesTable(measurement: Measurement): HTMLElement {
  const table = element('table');
  const head = table.createTHead().insertRow();
  head.append(element('th', 'round'), element('th', measurement.unit));
  const body = table.createTBody();
  for (const sample of measurement.samples) {
    const row = body.insertRow();
    row.append(element('td', String(sample.round + 1)), element('td', formatNumber(sample.value)));
  }
  return table;
}
