import { type Metric, PROOFS } from '../../results/names.ts';
import type { Measurement, Result, Topology } from '../../results/schema.ts';
import { OUTCOMES } from '../../results/schema.ts';
import { formatNumber } from '../format.ts';
import { conditionsOf, metricsOf } from '../order.ts';
import { STAGES } from '../stages.ts';
import { html, type Markup } from './html.ts';
import { summaryCell } from './numbers.ts';
import type { PercentileCurve } from './percentiles.ts';

/** A place in the page where the script draws a chart. `key` says what it shows. */
export function chart(kind: string, ...key: readonly string[]): Markup {
  return html`<div class="chart" data-chart="${kind}" data-key="${key.join('\t')}"></div>`;
}

/** With more topologies than this, the table is below its chart. */
const COLUMNS_BESIDE_MAX = 4;

/**
 * One metric after the other: chart and table of all topologies in all conditions. Ensembles of an experiment
 * have a chart of their own: within CPU budgets they do a twentieth of what others do.
 */
export function comparisons(result: Result): Markup | null {
  const metrics = metricsOf(result.measurements);
  if (metrics.length === 0) return null;
  return html`<section id="topologies"><h2>Topologies side by side</h2>
  <p class="note">The dot is the median, the bar its interval, and each tick a round; for reads under a fault, the dot is the worst round. Click a number to see its samples; * marks a warning.</p>
  ${metrics.flatMap(metric => {
    const rows = result.measurements.filter(item => item.metric === metric.name);
    const measured = result.topologies.filter(({ name }) => rows.some(row => row.topology === name));
    const experiments = [...new Set(measured.map(({ experiment }) => experiment))];
    return experiments.map(experiment =>
      comparison(
        metric,
        rows,
        measured.filter(each => each.experiment === experiment),
        experiments.length > 1,
      ),
    );
  })}</section>`;
}

/** @param isOneOf whether the metric has other charts, of other ensembles */
function comparison(
  metric: Metric,
  all: readonly Measurement[],
  topologies: readonly Topology[],
  isOneOf: boolean,
): Markup {
  const rows = all.filter(row => topologies.some(({ name }) => name === row.topology));
  const experiment = topologies[0]?.experiment ?? '';
  const unit = rows[0]?.unit ?? metric.unit;
  const better = PROOFS.includes(metric.name) ? '' : `, ${metric.higherIsBetter ? 'more' : 'less'} is better`;
  const whose = isOneOf
    ? `; ${experiment === '' ? 'topologies of the suite' : `ensembles of ${experiment}`}`
    : '';
  return html`<article><h3>${metric.title} <span class="soft">${unit}${better}${whose}</span></h3>
    <div class="${topologies.length > COLUMNS_BESIDE_MAX ? 'pair many' : 'pair'}">${chart('intervals', metric.name, experiment)}
    <div class="scroll"><table><thead><tr><th scope="col">condition</th>${topologies.map(
      topology => html`<th scope="col">${topology.name}</th>`,
    )}</tr></thead><tbody>${conditionsOf(rows).map(
      condition =>
        html`<tr><th scope="row">${condition}</th>${topologies.map(
          topology =>
            html`<td>${summaryCell(rows.find(row => row.topology === topology.name && row.condition === condition))}</td>`,
        )}</tr>`,
    )}</tbody></table></div></div></article>`;
}

export function availability(result: Result): Markup | null {
  if (result.availability.length === 0) return null;
  return html`<section id="availability"><h2>Reads answered, member by member</h2>
  <p class="note">Each strip is one member, probed at a fixed interval: full height where a read was answered, a thin line where it was not.
    Each shows the round with the worst observer. The percentage is of the probes that were due under the fault.</p>
  ${legend(OUTCOMES.map(outcome => [outcome === 'readonly' ? 'read-only' : outcome, `--outcome-${outcome}`]))}
  ${conditionsOf(result.availability).map(condition => perTopology(result, condition, 'availability', result.availability))}
</section>`;
}

export function syncs(result: Result): Markup | null {
  if (result.syncs.length === 0) return null;
  return html`<section id="sync"><h2>From losing the leader to serving again</h2>
  <p class="note">Each bar is one learner, the first to serve on top, in the round with the median end. The line is the first
    write that was committed again. At the right stands how the learner was synchronised.</p>
  ${legend(STAGES.map((stage, index) => [stage.title, `--stage-${index}`]))}
  ${conditionsOf(result.syncs).map(condition => perTopology(result, condition, 'waterfall', result.syncs))}
</section>`;
}

interface Row {
  readonly topology: string;
  readonly condition: string;
  readonly round?: number;
}

function roundsText(rows: readonly Row[], topology: string, condition: string): string {
  const own = rows.filter(row => row.topology === topology && row.condition === condition);
  return `n ${new Set(own.map(({ round }) => round ?? 0)).size}`;
}

function perTopology(result: Result, condition: string, kind: string, rows: readonly Row[]): Markup {
  const topologies = result.topologies.filter(topology =>
    rows.some(row => row.topology === topology.name && row.condition === condition),
  );
  return html`<article><h3>${condition}</h3><div class="columns">${topologies.map(
    topology =>
      html`<figure><figcaption>${topology.name} <span class="soft">${roundsText(rows, topology.name, condition)}</span></figcaption>${chart(kind, topology.name, condition)}</figure>`,
  )}</div></article>`;
}

/** A histogram contains every percentile, so the median and the 99th of one quantity share a chart. */
export function latencies(result: Result, curves: readonly PercentileCurve[]): Markup | null {
  const ids = new Set(curves.map(curve => curve.measurement));
  const rows = result.measurements.filter(item => ids.has(item.id));
  if (rows.length === 0) return null;
  const keys = conditionsOf(rows).flatMap(condition => {
    const own = rows.filter(row => row.condition === condition);
    const whole = new Map<string, string>();
    for (const metric of metricsOf(own)) {
      const title = metric.title.replace(/,.*/, '');
      if (!whole.has(title)) whole.set(title, metric.name);
    }
    return [...whole].map(([title, metric]) => ({ title, metric, condition }));
  });
  return html`<section id="latency"><h2>Latency by percentile</h2>
  <p class="note">All rounds are merged, and all conditions share one axis. A curve ends where fewer than 10 samples lie beyond it, so p99.9 needs 10,000 samples.</p>
  ${topologyLegend(result, rows)}
  <div class="columns">${keys.map(
    ({ title, metric, condition }) =>
      html`<figure><figcaption>${title}, ${condition} <span class="soft">n ${samplesText(rows, curves, metric, condition)}</span></figcaption>${chart('percentiles', metric, condition)}</figure>`,
  )}</div></section>`;
}

/** The smallest and the largest number of samples of the curves in one chart: `11,200–12,000` */
function samplesText(
  rows: readonly Measurement[],
  curves: readonly PercentileCurve[],
  metric: string,
  condition: string,
): string {
  const ids = rows.filter(row => row.metric === metric && row.condition === condition).map(row => row.id);
  const counts = curves.filter(curve => ids.includes(curve.measurement)).map(curve => curve.samples);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? formatNumber(least) : `${formatNumber(least)}–${formatNumber(most)}`;
}

function topologyLegend({ topologies }: Result, rows: readonly Measurement[]): Markup {
  const drawn = new Set(rows.map(({ topology }) => topology));
  const entries = topologies.map(({ name }, index) => [name, `--topology-${index % 6}`] as const);
  return legend(entries.filter(([name]) => drawn.has(name)));
}

function legend(entries: readonly (readonly [string, string])[]): Markup {
  return html`<ul class="legend">${entries.map(
    ([name, variable]) => html`<li><i style="background:var(${variable})"></i>${name}</li>`,
  )}</ul>`;
}
