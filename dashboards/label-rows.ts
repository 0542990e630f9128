export interface Label {
  readonly startPx: number;
  readonly widthPx: number;
}

/** Gap between two labels in one row. */
const GAP_PX = 8;

/** The row of each label, from 0, so that none covers another. `labels` are sorted by their start. */
export function labelRows(labels: readonly Label[]): number[] {
  const endsPx: number[] = [];
  return labels.map(({ startPx, widthPx }) => {
    const free = endsPx.findIndex(endPx => endPx + GAP_PX <= startPx);
    const row = free === -1 ? endsPx.length : free;
    endsPx[row] = startPx + widthPx;
    return row;
  });
}
