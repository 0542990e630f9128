import * as Plot from '@observablehq/plot';
import type { Measurement } from '../../../results/schema.ts';
import { formatNumber, formatSummary } from '../../format.ts';
import { conditionsOf, worstOf } from '../../order.ts';
import { GRID, topologyScale } from '../palette.ts';
import { type Chart, FONT, leftMargin } from './chart.ts';

const ROW_PX = 20;

/**
 * One metric: for each condition a row per topology, with median, interval and every sample. Key: the metric,
 * and the experiment that started the topologies; nothing for those of the suite.
 */
export const intervals: Chart = ({ result }, key, widthPx) => {
  const [metric = '', experiment = ''] = key.split('\t');
  const own = result.topologies
    .filter(each => (each.experiment ?? '') === experiment)
    .map(({ name }) => name);
  const measurements = result.measurements.filter(
    item => item.metric === metric && own.includes(item.topology),
  );
  const first = measurements[0];
  if (first === undefined) return null;
  const conditions = conditionsOf(measurements);
  const scale = topologyScale(result);
  const shown = scale.domain.filter(name => measurements.some(item => item.topology === name));
  const samples = measurements.flatMap(item => item.samples.map(sample => ({ ...item, ...sample })));
  const medians = measurements.filter(item => item.summary.median !== null);
  const dot = (item: Measurement) => worstOf(item) ?? item.summary.median;
  const bounded = medians.filter(
    item => item.summary.low !== null && item.summary.high !== null && worstOf(item) === undefined,
  );
  const empty = conditions.flatMap(condition =>
    shown
      .map(topology => ({
        topology,
        condition,
        item: measurements.find(item => item.topology === topology && item.condition === condition),
      }))
      .filter(({ item }) => item === undefined || item.summary.median === null),
  );
  const wide = widthPx >= 560;
  const left = leftMargin(shown, widthPx);
  const place = { y: 'topology', fy: 'condition' } as const;
  return Plot.plot({
    width: widthPx,
    height: conditions.length * (shown.length * ROW_PX + 26) + 46,
    marginLeft: left,
    marginRight: 24,
    marginBottom: 36,
    style: FONT,
    x: {
      label: first.unit,
      labelAnchor: 'right',
      nice: true,
      zero: true,
      ticks: wide ? 8 : 4,
      tickFormat: formatNumber,
    },
    y: { domain: shown, label: null, tickSize: 0 },
    fy: { domain: conditions, label: null, padding: 0.22, axis: null },
    color: { domain: scale.domain, range: scale.range },
    symbol: { domain: scale.domain, range: scale.symbols },
    ariaLabel: `${metric}: median, interval and samples per topology and condition`,
    marks: [
      Plot.gridX({ stroke: GRID, strokeOpacity: 1 }),
      Plot.text(conditions, {
        fy: condition => condition,
        text: condition => condition,
        frameAnchor: 'top-left',
        // On a narrow page a long name needs the whole width.
        dx: wide ? 0 : -left,
        dy: -15,
        fontWeight: 600,
        fill: 'currentColor',
      }),
      Plot.ruleY(bounded, {
        ...place,
        x1: item => item.summary.low,
        x2: item => item.summary.high,
        stroke: 'topology',
        strokeWidth: 3,
        strokeLinecap: 'round',
      }),
      Plot.dot(medians, {
        ...place,
        x: dot,
        fill: 'topology',
        symbol: 'topology',
        stroke: 'var(--paper)',
        strokeWidth: 1,
        r: 5.5,
      }),
      Plot.tickX(samples, {
        ...place,
        x: 'value',
        stroke: 'topology',
        insetTop: ROW_PX / 2 + 2,
        insetBottom: 1,
      }),
      Plot.text(empty, {
        ...place,
        text: ({ item }) => (item === undefined ? 'not measured' : 'no sample'),
        frameAnchor: 'left',
        dx: 4,
        fill: 'var(--soft)',
      }),
      Plot.tip(
        medians,
        Plot.pointerY({
          ...place,
          x: dot,
          title: item => `${item.topology}, ${item.condition}\n${formatSummary(item.summary, item.unit)}`,
          fill: 'var(--paper)',
        }),
      ),
    ],
  });
};
