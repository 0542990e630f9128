import type { EmbeddedData } from '../../report/embedded.ts';

/** Draws one chart at a width in px. `key` is the figure's data-key. Null when there is nothing to draw. */
export type Chart = (data: EmbeddedData, key: string, widthPx: number) => Element | null;

export const FONT = {
  fontSize: '12px',
  fontFamily: 'inherit',
  background: 'transparent',
  overflow: 'visible',
};

/**
 * On a narrow screen, wide labels would leave no room for the chart. Only the end of each is kept, where the
 * names of members and topologies differ.
 */
export function leftMargin(labels: readonly string[], widthPx: number): number {
  const longest = Math.max(0, ...labels.map(label => label.length));
  return Math.min(Math.ceil(longest * 6.6) + 14, Math.floor(widthPx * 0.4));
}
