import * as Plot from '@observablehq/plot';
import { formatNumber } from '../../format.ts';
import { logScale } from '../../log-scale.ts';
import { GRID, topologyScale } from '../palette.ts';
import { type Chart, FONT } from './chart.ts';

const TICKS = [0, 50, 90, 99, 99.9, 99.99, 99.999];

/** Latency by percentile, with a stretched tail (x is log 1/(1-p)). Key: metric, tab, condition. */
export const percentiles: Chart = ({ result, curves }, key, widthPx) => {
  const [metric, condition] = key.split('\t');
  const all = curves.flatMap(curve => {
    const owner = result.measurements.find(item => item.id === curve.measurement);
    if (owner === undefined || owner.metric !== metric) return [];
    return curve.points.map(([percentile, valueMs]) => ({
      topology: owner.topology,
      condition: owner.condition,
      samples: curve.samples,
      percentile,
      valueMs,
      tail: tailOf(percentile),
    }));
  });
  const points = all.filter(point => point.condition === condition);
  const { domain, ticks } = logScale(all.map(({ valueMs }) => valueMs));
  if (points.length === 0) return null;
  const scale = topologyScale(result);
  const last = Math.max(...all.map(point => point.tail));
  const ends = scale.domain.flatMap(name => points.filter(point => point.topology === name).slice(-1));
  return Plot.plot({
    width: widthPx,
    height: 240,
    marginLeft: 48,
    marginRight: 16,
    marginTop: 24,
    marginBottom: 36,
    style: FONT,
    x: {
      label: 'percentile',
      domain: [1, last],
      type: 'log',
      ticks: TICKS.map(tailOf).filter(tail => tail <= last * 1.001),
      tickFormat: (tail: number) => `${Number((100 - 100 / tail).toFixed(3))}`,
    },
    y: { label: 'ms', type: 'log', domain, ticks, tickFormat: formatNumber },
    color: { domain: scale.domain, range: scale.range },
    symbol: { domain: scale.domain, range: scale.symbols },
    ariaLabel: `latency by percentile, ${condition}`,
    marks: [
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks }),
      Plot.line(points, { x: 'tail', y: 'valueMs', stroke: 'topology', strokeWidth: 2 }),
      Plot.dot(ends, { x: 'tail', y: 'valueMs', fill: 'topology', symbol: 'topology', r: 5 }),
      Plot.tip(
        points,
        Plot.pointer({
          x: 'tail',
          y: 'valueMs',
          title: point =>
            `${point.topology}\np${point.percentile}: ${formatNumber(point.valueMs)} ms\nn ${formatNumber(point.samples)}`,
          fill: 'var(--paper)',
        }),
      ),
    ],
  });
};

function tailOf(percentile: number): number {
  return 1 / (1 - percentile / 100);
}
