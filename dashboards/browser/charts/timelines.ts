import * as Plot from '@observablehq/plot';
import { formatNumber } from '../../format.ts';
import { BAND_FILL, GRID, topologyScale } from '../palette.ts';
import { type Chart, FONT } from './chart.ts';

/** One series over time under its fault bands, a row for each topology. Key: condition, tab, series name. */
export const timelines: Chart = ({ result }, key, widthPx) => {
  const [condition, name] = key.split('\t');
  const rows = result.timelines.filter(
    row => row.condition === condition && row.series.some(series => series.name === name),
  );
  const points = rows.flatMap(row =>
    row.series
      .filter(series => series.name === name)
      .flatMap(series =>
        series.points.map(([ms, value]) => ({ topology: row.topology, seconds: ms / 1000, value })),
      ),
  );
  if (points.length === 0) return null;
  const bands = rows.flatMap(row =>
    row.bands.map(band => ({
      ...band,
      topology: row.topology,
      from: band.fromMs / 1000,
      to: band.toMs / 1000,
    })),
  );
  const scale = topologyScale(result);
  const shown = scale.domain.filter(topology => rows.some(row => row.topology === topology));
  const unit = rows[0]?.series.find(series => series.name === name)?.unit ?? '';
  return Plot.plot({
    width: widthPx,
    height: shown.length * 96 + 56,
    marginLeft: 52,
    marginRight: 16,
    marginTop: 24,
    marginBottom: 36,
    style: FONT,
    x: { label: 's' },
    y: { label: null, zero: true, ticks: 3, tickFormat: formatNumber },
    fy: { domain: shown, label: null, axis: null, padding: 0.28 },
    color: { domain: scale.domain, range: scale.range },
    ariaLabel: `${name} over time, ${condition}`,
    marks: [
      Plot.rect(bands, { fy: 'topology', x1: 'from', x2: 'to', fill: BAND_FILL }),
      Plot.ruleX(bands, { fy: 'topology', x: 'from', stroke: 'var(--band-edge)', strokeDasharray: '3 2' }),
      Plot.ruleX(bands, { fy: 'topology', x: 'to', stroke: 'var(--band-edge)', strokeDasharray: '3 2' }),
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: 3 }),
      Plot.text(shown, {
        fy: topology => topology,
        text: topology => topology,
        frameAnchor: 'top-left',
        dy: -14,
        fontWeight: 600,
      }),
      Plot.lineY(points, { fy: 'topology', x: 'seconds', y: 'value', stroke: 'topology', strokeWidth: 1.75 }),
      Plot.tip(
        points,
        Plot.pointerX({
          fy: 'topology',
          x: 'seconds',
          y: 'value',
          title: point => `${formatNumber(point.seconds)} s: ${formatNumber(point.value)} ${unit}`,
          fill: 'var(--paper)',
        }),
      ),
    ],
  });
};
