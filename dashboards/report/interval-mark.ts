import type { Claim } from '../../results/schema.ts';
import { formatInterval, formatUnit } from '../format.ts';
import { html, type Markup } from './html.ts';

type Rule = NonNullable<Claim['rule']>;

const WIDTH_PX = 150;
const HEIGHT_PX = 18;
const PADDING_PX = 8;

/**
 * An interval over the values of the margin, which are shaded: those that count as good, for a timed claim.
 * Ratios are drawn on a logarithmic scale. Null without an interval or a margin.
 */
export function intervalMark(
  { estimate, rule }: { readonly estimate?: Claim['estimate']; readonly rule?: Pick<Rule, 'margin'> },
  within = 'good',
): Markup | null {
  if (estimate === undefined || rule === undefined) return null;
  const { value, low, high, unit } = estimate;
  if (low === null || high === null) return null;
  const isRatio = unit === 'ratio';
  if (isRatio && low <= 0) return null;
  const scaled = (at: number) => (isRatio ? Math.log(at) : at);
  const { margin } = rule;
  const ends = [low, high, margin.low, margin.high].filter(end => end !== null).map(scaled);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const inner = WIDTH_PX - 2 * PADDING_PX;
  const x = (at: number) =>
    Math.round((PADDING_PX + ((scaled(at) - least) / (most - least || 1)) * inner) * 10) / 10;
  const from = margin.low === null ? 0 : x(margin.low);
  const to = margin.high === null ? WIDTH_PX : x(margin.high);
  const middle = HEIGHT_PX / 2;
  const said = `interval ${formatInterval({ low, high })}, ${within} ${goodText(margin, unit)}`;
  return html`<svg class="mark" viewBox="0 0 ${WIDTH_PX} ${HEIGHT_PX}" width="${WIDTH_PX}" height="${HEIGHT_PX}" role="img" aria-label="${said}"><title>${said}</title>
    <rect class="good" x="${from}" y="1" width="${Math.max(1, Math.round((to - from) * 10) / 10)}" height="${HEIGHT_PX - 2}"/>
    ${[margin.low, margin.high].map(end => end !== null && html`<line class="bound" x1="${x(end)}" x2="${x(end)}" y1="0" y2="${HEIGHT_PX}"/>`)}
    <line class="interval" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/><circle cx="${x(value)}" cy="${middle}" r="3.5"/></svg>`;
}

/** `above 1×`, `between −0.2 ms and 0.2 ms` */
export function goodText({ low, high }: Rule['margin'], unit: string): string {
  if (low !== null && high !== null) return `between ${formatUnit(low, unit)} and ${formatUnit(high, unit)}`;
  if (low !== null) return `above ${formatUnit(low, unit)}`;
  return high === null ? 'anything' : `below ${formatUnit(high, unit)}`;
}
