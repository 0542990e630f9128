/** A ratio with its interval on a logarithmic scale: half and double are equally far from no change. */
import type { ComparedRow } from '../../results/comparison.ts';
import { formatUnit } from '../format.ts';
import { html, type Markup } from '../report/html.ts';
import { changeText } from './row-text.ts';

const WIDTH_PX = 220;
const HEIGHT_PX = 18;
/** Room for the arrows. */
const PADDING_PX = 10;
/** What a scale may reach to, as a factor. */
const REACHES = [1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 30, 100, 1000];
/** The share of interval ends that must be on the scale; the others get an arrow. */
const SHOWN_SHARE = 0.8;

/** From 1 / reach to reach. */
export interface RatioScale {
  readonly reach: number;
}

/** The smallest scale that shows most intervals whole. A single wild row must not flatten the others. */
export function ratioScale(rows: readonly ComparedRow[]): RatioScale {
  const ends = rows.flatMap(({ change }) =>
    change?.scale === 'ratio' ? [change.low, change.value, change.high] : [],
  );
  const factors = ends
    .flatMap(end => (end === null || end <= 0 ? [] : [Math.max(end, 1 / end)]))
    .sort((x, y) => x - y);
  const needed = factors[Math.ceil(factors.length * SHOWN_SHARE) - 1] ?? 1;
  return { reach: REACHES.find(reach => reach >= needed) ?? REACHES.at(-1)! };
}

/** `0.5×`, `1×`, `2×`, above the charts of a table. */
export function scaleTicks({ reach }: RatioScale): Markup {
  const tick = (value: number, anchor: string) =>
    html`<text x="${place(value, reach)}" y="12" text-anchor="${anchor}">${formatUnit(value, 'ratio')}</text>`;
  return html`<svg class="ratio" width="${WIDTH_PX}" height="16" viewBox="0 0 ${WIDTH_PX} 16" role="img" aria-label="logarithmic scale from ${formatUnit(1 / reach, 'ratio')} to ${formatUnit(reach, 'ratio')}">${tick(1 / reach, 'start')}${tick(1, 'middle')}${tick(reach, 'end')}</svg>`;
}

/** Empty for rows that have no ratio. An end beyond the scale, or an open one, is an arrow. */
export function ratioChart({ change, unit, verdict, margin }: ComparedRow, { reach }: RatioScale): Markup {
  if (change === null || change.scale !== 'ratio' || !(change.value > 0)) return html``;
  const { value } = change;
  const [low, high] = [change.low ?? 0, change.high ?? Infinity];
  const middle = HEIGHT_PX / 2;
  const x = (at: number) => place(at, reach);
  const arrow = (end: number, towards: -1 | 1) => {
    const tip = towards < 0 ? 1 : WIDTH_PX - 1;
    const back = tip - towards * 7;
    return html`<path class="arrow" d="M${tip} ${middle}L${back} ${middle - 5}V${middle + 5}Z"><title>${formatUnit(end, 'ratio')}</title></path>`;
  };
  const isLow = low < 1 / reach;
  const isHigh = high > reach;
  const isOn = value >= 1 / reach && value <= reach;
  return html`<svg class="ratio is-${verdict.replaceAll(' ', '-')}" width="${WIDTH_PX}" height="${HEIGHT_PX}" viewBox="0 0 ${WIDTH_PX} ${HEIGHT_PX}" role="img" aria-label="${changeText(change, unit)}">
  ${margin !== null && html`<rect class="none" x="${x(margin.low)}" width="${Math.max(1, x(margin.high) - x(margin.low))}" y="0" height="${HEIGHT_PX}"/>`}
  <line class="one" x1="${x(1)}" x2="${x(1)}" y1="0" y2="${HEIGHT_PX}"/>
  <line class="interval" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>
  ${isLow && arrow(low, -1)}${isHigh && arrow(high, 1)}
  ${isOn && html`<circle cx="${x(value)}" cy="${middle}" r="4"/>`}</svg>`;
}

/** The position of a ratio in pixels, kept within the scale. */
function place(value: number, reach: number): number {
  const held = Math.max(1 / reach, Math.min(reach, value));
  const share = (Math.log(held) / Math.log(reach) + 1) / 2;
  return Math.round((PADDING_PX + share * (WIDTH_PX - 2 * PADDING_PX)) * 10) / 10;
}
