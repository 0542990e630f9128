import { formatNumber } from '../format.ts';
import type { EmbeddedData } from '../report/embedded.ts';
import { type Group, groupOf } from '../timeline-groups.ts';
import { closeButton, element, rawLine } from './elements.ts';

/**
 * Makes every count of rounds with data-rounds (topology, tab, condition, tab, load) show its values on
 * click.
 */
export function openRoundsOnClick({ result }: EmbeddedData, dialog: HTMLDialogElement): void {
  document.addEventListener('click', event => {
    const target =
      event.target instanceof Element ? event.target.closest<HTMLElement>('[data-rounds]') : null;
    const [topology = '', condition = '', load = ''] = target?.dataset.rounds?.split('\t') ?? [];
    const group = groupOf(result, topology, condition, load);
    if (group !== undefined) show(dialog, group);
  });
}

function show(dialog: HTMLDialogElement, group: Group): void {
  const { topology, condition, load, rounds } = group;
  dialog.replaceChildren(
    element('h3', `${load}: ${topology}, ${condition}`),
    element(
      'p',
      `One line for each bucket of ${group.bucketMs} ms, from its beginning on. A dash: too few to tell.`,
    ),
    ...rounds.flatMap(({ index, timeline }) => {
      const details = element('details');
      details.append(
        element('summary', `Round ${timeline.round + 1}: timelines[${index}] of result.json`),
        ...timeline.bands.map(({ fault, on, fromMs, bittenMs, toMs, proof }) =>
          element(
            'p',
            `${fault}, ${on ?? ''}: injected at ${seconds(fromMs)}, bitten by ${
              bittenMs === undefined ? 'no proof' : seconds(bittenMs)
            }, healed at ${seconds(toMs)}. ${proof}`,
          ),
        ),
        valuesTable(timeline),
        rawLine(timeline),
      );
      details.open = rounds.length === 1;
      return details;
    }),
    closeButton(dialog),
  );
  dialog.showModal();
}

function valuesTable({ series, bucketMs }: Group['rounds'][number]['timeline']): HTMLElement {
  const table = element('table');
  table
    .createTHead()
    .insertRow()
    .append(element('th', 's'), ...series.map(({ name, unit }) => element('th', `${name}, ${unit}`)));
  const body = table.createTBody();
  for (const bucket of series[0]?.values.keys() ?? []) {
    const values = series.map(({ values }) => values[bucket] ?? null);
    body
      .insertRow()
      .append(
        element('td', ((bucket * bucketMs) / 1000).toFixed(2)),
        ...values.map(value => element('td', value === null ? '–' : formatNumber(value))),
      );
  }
  const scroll = element('div');
  scroll.className = 'scroll';
  scroll.append(table);
  return scroll;
}

function seconds(ms: number): string {
  return `${formatNumber(ms / 1000)} s`;
}
