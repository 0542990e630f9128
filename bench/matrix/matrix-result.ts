/** The parts of a matrix result that no load measures. */
import { whyBusy } from '../../results/busy-machine.ts';
import type { Environment, MachineUse, Matrix, Result, Topology } from '../../results/schema.ts';
import { SERVER_VERSION } from '../../server/version.ts';
import type { Evidence } from '../claims/judging/evidence.ts';
import type { Environment as Probed } from '../measure/environment.ts';
import { environmentRow, NO_TOXIPROXY, topologyRow } from '../measure/result-rows.ts';
import { type Implementation, implementationKind, isApache, releaseOf } from '../topology/implementation.ts';
import { comparisonsOf, STARTS_MIN } from './comparisons.ts';
import type { MatrixSuite } from './matrix-suite.ts';
import { labelOf } from './measure-window.ts';

/** One row for each topology of the suite; its ensembles differ in settings, servers and budgets. */
export function rowsOf({ ensembles }: MatrixSuite): Topology[] {
  const names = [...new Set(ensembles.map(({ topology }) => topology.name))];
  return names.map(name => {
    const own = ensembles.filter(({ topology }) => topology.name === name);
    const budgets = new Set(own.map(({ budget }) => budget));
    const [budget] = budgets;
    const isOne = budgets.size === 1 && budget !== undefined;
    return topologyRow(own[0]!.topology, { links: 'direct', ...(isOne && { budgetCores: budget }) });
  });
}

export function environmentOf(probed: Probed, { ensembles }: MatrixSuite): Environment {
  const servers = [...new Set(ensembles.map(({ topology }) => topology.members[0]!.implementation))];
  const kinds = new Set(servers.map(implementationKind));
  const [kind = 'other'] = kinds;
  const versions = servers.map(server => versionOf(server, probed));
  const version = versions.length === 1 && kind === 'zklab' ? SERVER_VERSION : versions.join(' and ');
  const implementation = kinds.size === 1 ? kind : 'other';
  return environmentRow(probed, { server: { implementation, version }, toxiproxy: NO_TOXIPROXY });
}

function versionOf(server: Implementation, probed: Probed): string {
  if (!isApache(server)) return `zklab ${SERVER_VERSION}`;
  return `Apache ZooKeeper ${releaseOf(server) ?? probed.apacheZooKeeper ?? 'of unknown version'}`;
}

export function matrixOf(suite: MatrixSuite, evidence: Evidence['result']): Matrix {
  const { matrix, cells, marginPercent } = suite;
  const rows = cells.map(cell => ({
    id: cell.id,
    topology: cell.topology,
    condition: labelOf(cell),
    coordinates: {
      topology: cell.topology,
      workload: cell.workload,
      condition: cell.condition,
      ...cell.settings,
    },
    tags: [...cell.tags],
    control: cells.some(({ id }) => id === cell.control) ? cell.control! : null,
  }));
  const axes = [
    { name: 'topology', values: Object.keys(matrix.topologies) },
    { name: 'workload', values: Object.keys(matrix.workloads) },
    { name: 'condition', values: Object.keys(matrix.conditions) },
    ...Object.entries(matrix.settings).map(([name, values]) => ({ name, values: values.map(String) })),
  ];
  const comparisons = comparisonsOf({ cells: rows, marginPercent }, evidence);
  return { axes, cells: rows, marginPercent, comparisons };
}

/** The suite as it was read, with every default. */
export function inputsOf({ cells: _, ensembles: __, ...keys }: MatrixSuite): NonNullable<Result['inputs']> {
  return JSON.parse(JSON.stringify({ suite: keys }));
}

export function limitsOf(
  { ensembles, starts, windowMs }: MatrixSuite,
  environment: Environment,
  machineUse: MachineUse,
): string[] {
  const { cores } = environment;
  const busy = whyBusy({ machineUse, environment });
  const members = ensembles.reduce((sum, { topology }) => sum + topology.members.length, 0);
  return [
    ...(busy === undefined ? [] : [`${busy.charAt(0).toUpperCase()}${busy.slice(1)}.`]),
    `All ${ensembles.length} ensembles run at the same time: ${members} members and the load share ${cores} cores. Those that wait for their turn do next to nothing, ` +
      'but each member takes CPU from the others of its ensemble, which it would not do on a machine of its own.',
    'Members have direct links, and nothing is broken. zklab claims and zklab chaos break things.',
    ...startsLimit(starts),
    `Each window lasts ${windowMs} ms, so rare events (snapshots, long pauses) fall into few of them.`,
    'Each comparison is judged by itself, and its interval covers 95 %: of twenty without a difference, about one will seem to show one.',
  ];
}

function startsLimit(starts: number): string[] {
  if (starts >= STARTS_MIN) return [];
  const nothing = `With ${starts} ${starts === 1 ? 'start' : 'starts'} nothing is called better or worse: at least ${STARTS_MIN} are needed.`;
  if (starts > 1) return [nothing];
  return [
    `${nothing} All rounds are of that start, so what differs between starts (who leads, how warm it is) is in no interval.`,
  ];
}
