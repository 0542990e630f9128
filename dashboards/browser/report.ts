import type { EmbeddedData } from '../report/embedded.ts';
import { availability } from './charts/availability.ts';
import type { Chart } from './charts/chart.ts';
import { intervals } from './charts/intervals.ts';
import { percentiles } from './charts/percentiles.ts';
import { timelines } from './charts/timelines.ts';
import { waterfall } from './charts/waterfall.ts';
import { openRoundsOnClick } from './rounds.ts';
import { openSamplesOnClick } from './samples.ts';

const CHARTS: Readonly<Record<string, Chart>> = {
  availability,
  intervals,
  percentiles,
  timelines,
  waterfall,
};
const PRINT_WIDTH_PX = 660;

const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as EmbeddedData;
const places = [...document.querySelectorAll<HTMLElement>('[data-chart]')];

function draw(place: HTMLElement, widthPx: number): void {
  if (widthPx <= 0 || place.dataset.drawnPx === String(widthPx)) return;
  const chart = CHARTS[place.dataset.chart ?? '']?.(data, place.dataset.key ?? '', widthPx);
  place.dataset.drawnPx = String(widthPx);
  place.replaceChildren(...(chart ? [chart] : []));
}

const resized = new ResizeObserver(entries => {
  for (const entry of entries) draw(entry.target as HTMLElement, Math.floor(entry.contentRect.width));
});
for (const place of places) resized.observe(place);

// A printed page has no resize and no clicks: draw for its width, and open what is folded.
addEventListener('beforeprint', () => {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  for (const place of places) draw(place, Math.min(place.clientWidth, PRINT_WIDTH_PX));
});

const dialog = document.querySelector('dialog');
if (dialog !== null) {
  openSamplesOnClick(data, dialog);
  openRoundsOnClick(data, dialog);
}
