import { machineText } from '../../results/busy-machine.ts';
import { EXACT_COUNTS } from '../../results/names.ts';
import type { Fault, MachineUse, Result, Topology } from '../../results/schema.ts';
import { formatBytes, formatNumber } from '../format.ts';
import { conditionsOf, titleFromName } from '../order.ts';
import { html, type Markup } from './html.ts';
import { numberButton } from './numbers.ts';

/** What the servers counted. These numbers involve no clock. */
export function exactCounts(result: Result): Markup | null {
  const counted = result.measurements.filter(item => item.exactCounts !== undefined);
  if (counted.length === 0) return null;
  const known = Object.keys(EXACT_COUNTS);
  const found = new Set(counted.flatMap(item => Object.keys(item.exactCounts ?? {})));
  const names = [
    ...known.filter(name => found.has(name)),
    ...[...found].filter(name => !known.includes(name)),
  ];
  const topologies = result.topologies.filter(topology =>
    counted.some(item => item.topology === topology.name),
  );
  return html`<section id="counts"><h2>Counted, not timed</h2>
  <p class="note">The servers counted these in the valid rounds, without a clock. Messages and connections follow from the protocol;
    fsyncs and bytes per write also depend on how the writes were batched.</p>
  ${conditionsOf(counted).map(condition => {
    const rows = counted.filter(item => item.condition === condition);
    const cell = (name: string, topology: Topology) => {
      const owner = rows.find(row => row.topology === topology.name && row.exactCounts?.[name] !== undefined);
      return owner
        ? numberButton(formatNumber(owner.exactCounts![name]!), owner)
        : html`<span class="soft">–</span>`;
    };
    const present = names.filter(name => rows.some(row => row.exactCounts?.[name] !== undefined));
    return html`<article><h3>${condition}</h3><div class="scroll"><table><thead><tr><th scope="col"></th>${topologies.map(
      topology => html`<th scope="col">${topology.name}</th>`,
    )}</tr></thead><tbody>${present.map(
      name =>
        html`<tr><th scope="row">${EXACT_COUNTS[name] ?? titleFromName(name)}</th>${topologies.map(
          topology => html`<td>${cell(name, topology)}</td>`,
        )}</tr>`,
    )}</tbody></table></div></article>`;
  })}</section>`;
}

/** Lists every injection with its proof. Injections that changed nothing come first and unfolded. */
export function faults(result: Result): Markup | null {
  if (result.faults.length === 0) return null;
  const bit = result.faults.filter(fault => fault.bit);
  const missed = result.faults.filter(fault => !fault.bit);
  return html`<section id="faults"><h2>Fault verification</h2>
  ${missed.length > 0 && faultTable(missed)}
  ${
    bit.length > 0 &&
    html`<details><summary>${bit.length} of ${result.faults.length} injections are verified: a measurement at their place changed</summary>
  ${faultTable(bit)}</details>`
  }</section>`;
}

function faultTable(rows: readonly Fault[]): Markup {
  return html`<div class="scroll"><table class="left"><thead><tr><th>fault</th><th>topology</th><th>round</th><th>verified</th><th>before</th><th>in force</th></tr></thead>
  <tbody>${rows.map(faultRow)}</tbody></table></div>`;
}

/** A fault on all links of a role names dozens of links. */
const LINKS_IN_SIGHT = 4;
const READINGS_IN_SIGHT = 2;
/** Suffix of the name of a reading in ms. */
const ROUND_TRIP = ' rttMs';

function faultRow(fault: Fault): Markup {
  const { links } = fault;
  const shownLinks =
    links.length <= LINKS_IN_SIGHT
      ? html`<small>${links.join(', ')}</small>`
      : html`<details><summary><small>${links.length} links</small></summary><small>${links.join(', ')}</small></details>`;
  return html`<tr><th scope="row">${fault.fault}${shownLinks}</th><td>${fault.topology}</td>
    <td>${fault.round + 1}</td><td>${fault.bit ? 'yes' : notVerified(fault)}</td><td>${readings(fault.before)}</td><td>${readings(fault.after)}</td></tr>`;
}

function notVerified({ how }: Fault): Markup {
  return html`<b>no</b>${how !== undefined && html`<small>${how}</small>`}`;
}

function readings(values: Fault['before']): Markup {
  const lines = Object.entries(values).map(([name, value]) => {
    const shown = typeof value === 'number' ? formatNumber(value) : (value ?? 'none');
    if (name.endsWith(ROUND_TRIP))
      return html`<div>${name.slice(0, -ROUND_TRIP.length)} round trip ${value === null ? 'none' : `${shown} ms`}</div>`;
    return html`<div>${name} ${shown}</div>`;
  });
  if (lines.length <= READINGS_IN_SIGHT) return html`${lines}`;
  return html`${lines.slice(0, READINGS_IN_SIGHT)}<details><summary>${lines.length - READINGS_IN_SIGHT} more</summary>${lines.slice(READINGS_IN_SIGHT)}</details>`;
}

export function members(result: Result): Markup {
  return html`<ul class="topologies">${result.topologies.map(
    (topology, index) =>
      html`<li><i style="background:var(--topology-${index % 6})"></i><b>${topology.name}</b> <code>${topology.shortForm}</code>${conditionsText(topology)}</li>`,
  )}</ul>`;
}

/** What sets a topology apart from one with the same members: its links, and the CPU of each. */
function conditionsText({ links, budgetCores }: Result['topologies'][number]): Markup {
  const said = [
    ...(links === 'direct' ? ['direct links'] : []),
    ...(links === 'observers proxied' ? ['direct links between voters, proxies on those of observers'] : []),
    ...(budgetCores === undefined ? [] : [`${formatNumber(budgetCores)} cores each`]),
  ];
  return said.length === 0 ? html`` : html` <span class="soft">${said.join(', ')}</span>`;
}

export function environment(result: Result): Markup {
  const { environment: env, run } = result;
  const us = (value: number | null) => (value === null ? 'not measured' : `${formatNumber(value)} µs`);
  const rows: [string, string][] = [
    ['Command', run.commandLine],
    ['Seed', String(run.seed)],
    ['Server', `${env.server.implementation} ${env.server.version}`],
    ['Toxiproxy', `${env.toxiproxy.kind} ${env.toxiproxy.version}`],
    ['Commit', `${env.git.commit}${env.git.dirty ? ', with uncommitted changes' : ''}`],
    ['Machine', `${env.machine}, ${env.cpu}, ${env.cores} cores, ${formatBytes(env.memoryBytes)}`],
    ['Kernel, Node.js', `${env.kernel}, ${env.node}`],
    ['Disk sync, median', us(env.diskSyncMedianUs)],
    ['Loopback round trip', us(env.loopbackRttUs)],
    ...(result.machineUse === undefined ? [] : useRows(result.machineUse)),
    ['Exit code', String(run.exitCode)],
  ];
  return html`<section id="environment"><h2>Environment</h2>
  <dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

/** Who used the machine, and how the driver and the proxy fared. */
function useRows(use: MachineUse): [string, string][] {
  const { driver, proxyCores, niceValue } = use;
  return [
    ['Machine during the run', machineText(use)],
    ['Nice value', `${niceValue}${driver === null ? '' : `, of the driver ${driver.niceValue}`}`],
    ...(driver === null
      ? []
      : ([
          [
            'Driver, at worst',
            `${formatNumber(driver.cores)} cores, loop lag p99 ${formatNumber(driver.loopLagP99Ms)} ms, ${formatNumber(driver.lateShare * 100)} % of sends late`,
          ],
        ] as [string, string][])),
    ...(proxyCores === null ? [] : ([['Proxy', `${formatNumber(proxyCores)} cores`]] as [string, string][])),
  ];
}

/** What could mislead a reader: limits, and every warning with its source. */
export function limits(result: Result): Markup {
  const warnings = [
    ...result.claims.flatMap(claim => claim.warnings.map(text => `Claim ${claim.id}: ${text}`)),
    ...result.measurements.flatMap(item =>
      item.summary.warnings.map(text => `${item.metric}, ${item.topology}, ${item.condition}: ${text}`),
    ),
  ];
  return html`<section id="limits"><h2>Limits and warnings</h2>
  ${result.limits.length === 0 && html`<p>The run recorded no limits.</p>`}
  <ul>${result.limits.map(text => html`<li>${text}</li>`)}</ul>
  ${
    warnings.length > 0 &&
    html`<details><summary>${warnings.length} warning${warnings.length > 1 && 's'}</summary><ul>${warnings.map(
      text => html`<li>${text}</li>`,
    )}</ul></details>`
  }</section>`;
}
