import * as Plot from '@observablehq/plot';
import { LOADS, SERIES } from '../../../results/names.ts';
import type { Band } from '../../../results/schema.ts';
import { formatNumber } from '../../format.ts';
import { labelRows } from '../../label-rows.ts';
import { logScale } from '../../log-scale.ts';
import {
  bandTitle,
  type Group,
  groupOf,
  type Point,
  pointsOf,
  typicalBands,
  typicalPoints,
} from '../../timeline-groups.ts';
import { BAND_FILL, GRID, topologyScale } from '../palette.ts';
import { type Chart, FONT } from './chart.ts';

/** What a panel shows: lines, the first in bold, over a faint line for every round. */
const PANELS = {
  rate: { bold: SERIES.done, thin: SERIES.intended, scale: 'linear' },
  latency: { bold: SERIES.latencyP50, thin: SERIES.latencyMax, scale: 'log' },
} as const;

const MARGIN_LEFT_PX = 54;
const MARGIN_RIGHT_PX = 12;
/** Height of a line in the titles of faults, and the approximate width of a character. */
const TITLE_PX = 14;
const TITLE_CHAR_PX = 7;

/**
 * One load of one topology over time, with its faults. Panels of one load and scale share their axes if their
 * topologies belong together, as those of one experiment do: those of the load in all conditions, or in this
 * one. Key: kind of panel, topology, condition, load, then
 * the conditions.
 */
export const timelines: Chart = ({ result }, key, widthPx) => {
  const [kind = '', topology = '', condition = '', load = '', ...conditions] = key.split('\t');
  const panel = PANELS[kind as keyof typeof PANELS];
  const group = groupOf(result, topology, condition, load);
  if (panel === undefined || group === undefined) return null;
  const experiment = result.topologies.find(({ name }) => name === topology)?.experiment;
  const beside = result.topologies.filter(each => each.experiment === experiment);
  const all = conditions.flatMap(each =>
    beside.flatMap(({ name }) => groupOf(result, name, each, load) ?? []),
  );
  const [fromS, toS] = timeSpan(all, panel.bold);
  const known = all.flatMap(each => valuesOf(each, panel));
  const logarithmic = panel.scale === 'log';
  const { domain, ticks } = logarithmic ? logScale(known) : { domain: [0, Math.max(1, ...known)], ticks: 3 };
  const colour = topologyScale(result).range[result.topologies.findIndex(each => each.name === topology)]!;
  const bold = drawable(typicalPoints(group, panel.bold));
  const thin = drawable(typicalPoints(group, panel.thin));
  const faint = group.rounds.flatMap(({ timeline, ...round }) =>
    drawable(pointsOf({ timeline, ...round }, panel.bold)).map(point => ({
      ...point,
      round: timeline.round,
    })),
  );
  const bands = typicalBands(group).map(band => ({
    ...band,
    from: Math.max(fromS, band.fromMs / 1000),
    to: Math.min(toS, band.toMs / 1000),
    edges: [band.fromMs, band.toMs].map(ms => ms / 1000).filter(at => at >= fromS && at <= toS),
    bitten: band.bittenMs === undefined ? [] : [band.bittenMs / 1000].filter(at => at > fromS && at < toS),
  }));
  const innerPx = widthPx - MARGIN_LEFT_PX - MARGIN_RIGHT_PX;
  const titles = titlesOf(bands, (toS - fromS) / innerPx, toS);
  const rows = [...new Set(titles.map(({ row }) => row))];
  const titlesPx = Math.max(1, rows.length) * TITLE_PX;
  const unit = group.rounds[0]!.timeline.series.find(({ name }) => name === panel.bold)?.unit ?? '';
  const time = { x: 'seconds', y: 'value' } as const;
  return Plot.plot({
    width: widthPx,
    height: (load === LOADS.outage ? 174 : 132) + titlesPx,
    marginLeft: MARGIN_LEFT_PX,
    marginRight: MARGIN_RIGHT_PX,
    marginTop: 14 + titlesPx,
    marginBottom: 30,
    style: FONT,
    x: { label: 's', domain: [fromS, toS], ticks: 5, tickFormat: formatNumber },
    y: { label: null, type: panel.scale, domain, nice: !logarithmic, ticks, tickFormat: formatNumber },
    ariaLabel: `${unit} over time, ${load}: ${topology}, ${condition}`,
    marks: [
      Plot.rect(bands, { x1: 'from', x2: 'to', fill: BAND_FILL }),
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks }),
      Plot.ruleX(
        bands.flatMap(({ edges }) => edges),
        { stroke: 'var(--band-edge)' },
      ),
      Plot.ruleX(
        bands.flatMap(({ bitten }) => bitten),
        { stroke: 'var(--band-edge)', strokeDasharray: '1 3' },
      ),
      ...rows.map(row =>
        Plot.text(
          titles.filter(title => title.row === row),
          {
            x: 'at',
            text: 'text',
            frameAnchor: 'top',
            textAnchor: 'start',
            dy: -14 - row * TITLE_PX,
            fill: 'var(--band-edge)',
            fontWeight: 600,
          },
        ),
      ),
      logarithmic ? null : Plot.areaY(bold, { ...time, fill: colour, fillOpacity: 0.14 }),
      Plot.lineY(faint, {
        ...time,
        z: 'round',
        stroke: colour,
        strokeOpacity: 0.35,
        strokeWidth: 1,
        clip: true,
      }),
      Plot.lineY(thin, { ...time, stroke: 'var(--soft)', strokeDasharray: '4 2', strokeWidth: 1 }),
      Plot.lineY(bold, { ...time, stroke: colour, strokeWidth: 2.25 }),
      logarithmic ? null : Plot.ruleY([0], { stroke: 'var(--soft)' }),
      Plot.tip(
        bold.filter(({ value }) => !Number.isNaN(value)),
        Plot.pointerX({ ...time, title: point => tipText(group, point.atMs), fill: 'var(--paper)' }),
      ),
    ],
  });
};

interface Title {
  readonly text: string;
  /** Where it begins, in s. */
  readonly at: number;
  readonly row: number;
}

/** Each title is above the beginning of its band, or further left if it would not fit into the frame. */
function titlesOf(
  bands: readonly (Band & { readonly from: number })[],
  secondsPerPx: number,
  toS: number,
): Title[] {
  const labels = [...bands]
    .sort((a, b) => a.from - b.from)
    .map(band => {
      const text = bandTitle(band);
      const widthPx = text.length * TITLE_CHAR_PX;
      const lastPx = toS / secondsPerPx - widthPx;
      return { text, widthPx, startPx: Math.min(band.from / secondsPerPx, lastPx) };
    })
    .sort((a, b) => a.startPx - b.startPx);
  const rows = labelRows(labels);
  return labels.map(({ text, startPx }, i) => ({ text, at: startPx * secondsPerPx, row: rows[i]! }));
}

interface Drawn {
  readonly atMs: number;
  readonly seconds: number;
  readonly value: number;
}

/** NaN breaks a line in Plot. */
function drawable(points: readonly Point[]): Drawn[] {
  return points.map(({ atMs, value }) => ({ atMs, seconds: atMs / 1000, value: value ?? Number.NaN }));
}

/** From the first bucket's beginning to the last one's end over all groups, in s. */
function timeSpan(groups: readonly Group[], series: string): [number, number] {
  const edges = groups.flatMap(group =>
    typicalPoints(group, series).flatMap(({ atMs }) => [
      atMs - group.bucketMs / 2,
      atMs + group.bucketMs / 2,
    ]),
  );
  return [Math.min(...edges) / 1000, Math.max(...edges) / 1000];
}

/** The values of all drawn lines: bold, thin, and the rounds behind the bold one. */
function valuesOf(group: Group, panel: (typeof PANELS)[keyof typeof PANELS]): number[] {
  const points = [
    ...typicalPoints(group, panel.thin),
    ...group.rounds.flatMap(round => pointsOf(round, panel.bold)),
  ];
  return points.map(({ value }) => value ?? 0);
}

/** The values of every series at one time. */
function tipText(group: Group, atMs: number): string {
  const lines = Object.values(SERIES).flatMap(series => {
    const value = typicalPoints(group, series).find(point => point.atMs === atMs)?.value;
    const unit = unitOf(group, series);
    return value === null || value === undefined ? [] : [`${series}: ${formatNumber(value)} ${unit}`];
  });
  const half = group.bucketMs / 2;
  const [from, to] = [atMs - half, atMs + half].map(ms => formatNumber(ms / 1000));
  return [`${from} to ${to} s, ${roundsText(group)}`, ...lines].join('\n');
}

function unitOf({ rounds }: Group, series: string): string {
  return rounds.flatMap(({ timeline }) => timeline.series).find(({ name }) => name === series)?.unit ?? '';
}

function roundsText({ rounds }: Group): string {
  return rounds.length < 3 ? 'the round that did least' : `median of ${rounds.length} rounds`;
}
