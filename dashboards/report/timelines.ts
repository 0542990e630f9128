/** Loads over time: every topology beside the others, on the same axes, with its faults. */
import { LOADS, SERIES } from '../../results/names.ts';
import type { Result } from '../../results/schema.ts';
import { formatNumber } from '../format.ts';
import { conditionsOf } from '../order.ts';
import { donePercent, type Group, groupOf, longestSilenceMs } from '../timeline-groups.ts';
import { chart } from './charts.ts';
import { html, type Markup } from './html.ts';

export function timelines(result: Result): Markup | null {
  if (result.timelines.length === 0) return null;
  return html`<section id="timelines"><h2>Over time, with the faults</h2>
  <p class="note">A bold line is the median of the rounds in each bucket (of two rounds, the one that did less), and a faint line is one round.
    A shaded band is a fault, from its injection to its heal; at the dotted line it had been verified. Point at a chart to see
    its values. Click on its rounds to see all of them, and where they are in result.json.</p>
  ${conditionsIn(result, LOADS.outage).map(condition => outage(result, condition))}
  ${saturated(result)}
  ${latency(result, LOADS.paced, 'Write latency')}
  ${latency(result, LOADS.reads, 'Read latency at one observer')}
</section>`;
}

function conditionsIn(result: Result, load: string): string[] {
  return conditionsOf(result.timelines.filter(each => each.load === load));
}

function groupsOf(result: Result, condition: string, load: string): Group[] {
  return result.topologies.flatMap(({ name }) => groupOf(result, name, condition, load) ?? []);
}

function outage(result: Result, condition: string): Markup | null {
  const groups = groupsOf(result, condition, LOADS.outage);
  if (groups.length === 0)
    return html`<article><h3>Writes through the outage: ${condition} <span class="soft">no valid round</span></h3>
  <p class="note">${loadedUnder(result, condition, LOADS.outage).map(({ name }) => `${name}: ${absentText(result, name, condition, LOADS.outage)}. `)}
    The warnings of the reads in the same outage say why.</p></article>`;
  return html`<article><h3>Writes through the outage: ${condition} <span class="soft">writes/s, ${scaleText(groups)}, by seconds since the
    fault was injected; dashed: the requested rate</span></h3>
  <div class="columns">${groups.map(group => panel(result, 'rate', group, [condition], silenceText(group)))}</div></article>`;
}

/** Most topologies of a run are not measured under this condition. */
function loadedUnder({ topologies, timelines }: Result, condition: string, load: string) {
  const names = timelines
    .filter(each => each.condition === condition && each.load === load)
    .map(({ topology }) => topology);
  return topologies.filter(({ name }) => names.includes(name));
}

/** A row of panels for each condition, all with the same axes. */
function saturated(result: Result): Markup | null {
  const load = LOADS.saturated;
  const conditions = conditionsIn(result, load);
  const groups = conditions.flatMap(condition => groupsOf(result, condition, load));
  if (groups.length === 0) return null;
  return html`<article><h3>Writes committed at the maximum rate <span class="soft">writes/s, ${scaleText(groups)}; closed loop</span></h3>
  ${rows(result, load, 'rate', conditions)}</article>`;
}

function latency(result: Result, load: string, title: string): Markup | null {
  const conditions = conditionsIn(result, load);
  const groups = conditions.flatMap(condition => groupsOf(result, condition, load));
  if (groups.length === 0) return null;
  return html`<details class="fold"><summary><h3>${title} at a fixed rate <span class="soft">ms, ${scaleText(groups)}; open loop,
    ${intendedText(groups)}; bold: median, dashed: slowest</span></h3></summary>
  ${rows(result, load, 'latency', conditions)}</details>`;
}

function rows(result: Result, load: string, kind: string, conditions: readonly string[]): Markup[] {
  return conditions.map(condition => {
    const figures = loadedUnder(result, condition, load).map(({ name }) => {
      const group = groupOf(result, name, condition, load);
      return group === undefined
        ? html`<figure class="absent"><figcaption>${name} <span class="soft">${absentText(result, name, condition, load)}</span></figcaption></figure>`
        : panel(result, kind, group, conditions, kind === 'latency' ? doneText(group) : '');
    });
    return html`<h4>${condition}</h4><div class="columns">${figures}</div>`;
  });
}

/** Why there is nothing to draw. */
function absentText(result: Result, topology: string, condition: string, load: string): string {
  const voided = result.timelines.filter(
    each => each.topology === topology && each.condition === condition && each.load === load,
  ).length;
  return `n 0, ${voided} void`;
}

function panel(
  result: Result,
  kind: string,
  group: Group,
  conditions: readonly string[],
  finding: string,
): Markup {
  const { topology, condition, load, rounds, voided } = group;
  const at = result.topologies.findIndex(({ name }) => name === topology);
  const count = `n ${rounds.length}${voided === 0 ? '' : `, ${voided} void`}`;
  return html`<figure><figcaption><i style="background:var(--topology-${at % 6})"></i>${[topology, finding].filter(Boolean).join(': ')}
    <span class="soft"><button type="button" class="number" data-rounds="${[topology, condition, load].join('\t')}">${count}</button></span></figcaption>
    ${chart('timelines', kind, topology, condition, load, ...conditions)}</figure>`;
}

/** Loads of other lengths have other buckets. */
function scaleText(groups: readonly Group[]): string {
  const widths = [...new Set(groups.map(({ bucketMs }) => bucketMs))].sort((a, b) => a - b);
  return `in buckets of ${widths.map(formatNumber).join(' or ')} ms`;
}

/** How long no write was done, from the best round to the worst. The resolution is one bucket. */
function silenceText({ rounds, bucketMs }: Group): string {
  const silences = rounds.map(({ timeline }) => longestSilenceMs(timeline) / 1000);
  const [least, most] = [Math.min(...silences), Math.max(...silences)];
  if (most === 0) return `a write in every ${bucketMs} ms`;
  return `no write for ${least === most ? '' : `${formatNumber(least)} to `}${formatNumber(most)} s`;
}

function doneText({ rounds }: Group): string {
  const shares = rounds.map(donePercent).filter(share => share !== undefined);
  return shares.length === 0 ? '' : `${formatNumber(Math.min(...shares))} % answered`;
}

/** The requested rate: the mean of all buckets, because arrivals are random. */
function intendedText(groups: readonly Group[]): string {
  const series = groups.flatMap(({ rounds }) =>
    rounds.flatMap(({ timeline }) => timeline.series.filter(({ name }) => name === SERIES.intended)),
  );
  const values = series.flatMap(each => each.values.filter(value => value !== null));
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return `about ${formatNumber(Math.round(mean / 10) * 10)} ${series[0]?.unit ?? 'a second'} requested`;
}
