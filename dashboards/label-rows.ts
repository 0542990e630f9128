export interface Label {
  readonly startPx: number;
  readonly widthPx: number;
}

/** Between two labels of one row. */
const GAP_PX = 8;

/** In which row each label stands, 0 first, so that none covers another. `labels` by their start. */
export function labelRows(labels: readonly Label[]): number[] {
  const endsPx: number[] = [];
  return labels.map(({ startPx, widthPx }) => {
    const free = endsPx.findIndex(endPx => endPx + GAP_PX <= startPx);
    const row = free === -1 ? endsPx.length : free;
    endsPx[row] = startPx + widthPx;
    return row;
  });
}
