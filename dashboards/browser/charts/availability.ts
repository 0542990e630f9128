import * as Plot from '@observablehq/plot';
import type { Availability } from '../../../results/schema.ts';
import { formatNumber } from '../../format.ts';
import { ANSWERED, answeredPercent, worstRound } from '../../rounds.ts';
import { bandTitle } from '../../timeline-groups.ts';
import { type Chart, FONT } from './chart.ts';

/**
 * A strip per member: full height where reads were answered, a thin line elsewhere. Key: topology, tab,
 * condition.
 */
export const availability: Chart = ({ result }, key, widthPx) => {
  const [topology, condition] = key.split('\t');
  const all = result.availability.filter(row => row.condition === condition);
  const rows = worstRound(all.filter(row => row.topology === topology));
  if (rows.length === 0) return null;
  const spans = rows.flatMap(row =>
    row.spans.map(span => ({ ...span, member: label(row), from: span.fromMs / 1000, to: span.toMs / 1000 })),
  );
  const bands = (rows[0]?.bands ?? []).map(band => ({
    ...band,
    from: band.fromMs / 1000,
    to: band.toMs / 1000,
  }));
  const ends = all.flatMap(row => row.spans.map(span => span.toMs / 1000));
  const strips = (answered: boolean) =>
    Plot.rect(
      spans.filter(span => ANSWERED.includes(span.outcome) === answered),
      {
        x1: 'from',
        x2: 'to',
        y: 'member',
        fill: span => `var(--outcome-${span.outcome})`,
        insetTop: answered ? 3 : 9,
        insetBottom: answered ? 3 : 9,
      },
    );
  return Plot.plot({
    width: widthPx,
    height: rows.length * 26 + 58,
    marginLeft: 98,
    marginRight: 54,
    marginTop: 22,
    marginBottom: 34,
    style: FONT,
    x: { label: 's', domain: [0, Math.max(...ends)], ticks: 5 },
    y: { domain: rows.map(label), label: null, tickSize: 0 },
    ariaLabel: `reads answered by each member of ${topology}, ${condition}`,
    marks: [
      Plot.rect(bands, { x1: 'from', x2: 'to', fill: 'var(--band)' }),
      Plot.text(bands, {
        text: bandTitle,
        frameAnchor: 'top-left',
        dy: -16,
        fill: 'var(--band-edge)',
        fontWeight: 600,
      }),
      strips(true),
      strips(false),
      Plot.text(rows, {
        y: label,
        text: row => `${formatNumber(answeredPercent(row))} %`,
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: 8,
        fontVariant: 'tabular-nums',
      }),
      Plot.ruleX(bands, { x: 'from', stroke: 'var(--band-edge)', strokeDasharray: '3 2' }),
      Plot.ruleX(bands, { x: 'to', stroke: 'var(--band-edge)', strokeDasharray: '3 2' }),
      Plot.tip(
        spans,
        Plot.pointer({
          x: span => (span.from + span.to) / 2,
          y: 'member',
          title: span =>
            `${span.member}: ${span.outcome}\n${formatNumber(span.from)} to ${formatNumber(span.to)} s`,
          fill: 'var(--paper)',
        }),
      ),
    ],
  });
};

function label(row: Availability): string {
  return `${row.member} ${row.role}`;
}
