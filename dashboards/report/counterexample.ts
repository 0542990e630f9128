import type { Counterexample } from '../../results/schema.ts';
import { lanesOf } from '../lanes.ts';
import { html, type Markup } from './html.ts';

const ROW_PX = 22;
const BAR_PX = 12;
const PLACE_PX = 18;
const CLIENT_PX = 70;
const TEXT_PX = 560;

/**
 * One bar for each operation. An open end is an unknown outcome; the answer without an explanation is
 * marked.
 */
export function counterexampleDrawing(counterexample: Counterexample): Markup {
  const { lanes, places } = lanesOf(counterexample);
  const barsPx = Math.max(1, places) * PLACE_PX;
  const width = CLIENT_PX + barsPx + TEXT_PX;
  const height = lanes.length * ROW_PX;
  const x = (place: number) => CLIENT_PX + Math.min(place, places) * PLACE_PX;
  return html`<figure class="counterexample"><figcaption>${counterexample.title}</figcaption><div class="scroll">
  <svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${counterexample.title}">${lanes.map(
    ({ operation, from, to }, row) => {
      const y = row * ROW_PX;
      const isOpen = !Number.isFinite(to);
      const kind = `${operation.isCulprit ? 'culprit' : 'plain'}${isOpen ? ' open' : ''}`;
      const barWidth = Math.max(PLACE_PX / 2, x(to) - x(from));
      return html`<g class="${kind}"><text x="0" y="${y + BAR_PX + 2}">client ${operation.process}</text>
      <rect x="${x(from)}" y="${y + 3}" width="${barWidth}" height="${BAR_PX}" rx="2"/>
      <text x="${CLIENT_PX + barsPx + 8}" y="${y + BAR_PX + 2}">${operation.operation}: ${operation.text}</text></g>`;
    },
  )}</svg></div></figure>`;
}
