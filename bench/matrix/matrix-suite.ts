/** The registry of matrix suites, and what one of them will do: its cells, and the ensembles they share. */
import { join } from 'node:path';
import { checked } from '../checked.ts';
import { type NamedDocument, NamedYaml } from '../named-yaml.ts';
import type { Origin } from '../origin.ts';
import { readText } from '../read-yaml.ts';
import { implementationName } from '../topology/implementation.ts';
import { settingsProblem } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { checkedSettings, mastersWord, type Topology, topologyOf } from '../topology/topology.ts';
import { UsageError } from '../usage-error.ts';
import { cellsOf, type MatrixCell, tagged } from './cells.ts';
import { STARTS_MIN } from './comparisons.ts';
import { type Clients, type MatrixKeys, matrixSchema } from './matrix-schema.ts';
import { type MatrixWorkload, workloadOf } from './matrix-workload.ts';

export interface MatrixSuite extends Omit<MatrixKeys, 'matrix'> {
  /** Workloads are here as their files have them, with every default. */
  readonly matrix: Omit<MatrixKeys['matrix'], 'workloads'> & {
    readonly workloads: Readonly<Record<string, MatrixWorkload['written']>>;
  };
  readonly name: string;
  /** How a command line names it. */
  readonly reference: string;
  readonly startsMin: number;
  readonly cells: readonly MatrixCell[];
  readonly ensembles: readonly MatrixEnsemble[];
}

/** An ensemble that cells of equal topology, settings, server and budget share. All run at the same time. */
export interface MatrixEnsemble {
  /** `voters3 budget=0.25 snapCount=1000`, for progress and the names of folders: no two are equal. */
  readonly label: string;
  /** With every setting. Its name is that of the axis. */
  readonly topology: Topology;
  /** CPU of each member, in cores; undefined: no limit. */
  readonly budget: number | undefined;
  readonly cells: readonly LoadedCell[];
}

export interface LoadedCell extends MatrixCell {
  readonly load: MatrixWorkload;
  readonly clients: Clients;
}

/** Processes that a machine is asked to run at the same time. */
const MEMBERS_MAX = 60;

/** dist/bench/matrix -> bench/suites of the project, which holds both kinds of suites. */
const FILES = new NamedYaml('suite', join(import.meta.dirname, '../../../bench/suites'));

/** Whether a suite is a matrix, and not one that measures claims. */
export function isMatrix(document: unknown): boolean {
  return typeof document === 'object' && document !== null && 'matrix' in document;
}

/** Of both kinds. */
export function suiteNames(): string[] {
  return FILES.names();
}

export function matrixNames(): string[] {
  return suiteNames().filter(name => isMatrix(FILES.read(name).document));
}

/** @param reference the name of a suite of the project, or the path of a YAML file. @throws UsageError */
export function readMatrix(reference: string): MatrixSuite {
  return matrixOf(FILES.read(reference));
}

/** @param file names the text in errors. @throws UsageError naming line, key, value and what is accepted */
export function parseMatrix(text: string, name: string, file: string): MatrixSuite {
  const { value: document, origin } = readText(text, file);
  return matrixOf({ name, reference: file, file, folder: '.', document, origin });
}

/** Only cells with one of these tags, and their controls. @throws UsageError for a tag that no cell has */
export function onlyTagged(suite: MatrixSuite, tags: readonly string[]): MatrixSuite {
  const kept = new Set(tagged(suite.cells, tags).map(({ id }) => id));
  return {
    ...suite,
    cells: suite.cells.filter(({ id }) => kept.has(id)),
    ensembles: suite.ensembles
      .map(each => ({ ...each, cells: each.cells.filter(({ id }) => kept.has(id)) }))
      .filter(({ cells }) => cells.length > 0),
  };
}

/** The suite with another number of starts. */
export function withStarts(suite: MatrixSuite, starts: number): MatrixSuite {
  return { ...suite, starts, startsMin: starts };
}

function matrixOf({ name, reference, folder, document, origin }: NamedDocument): MatrixSuite {
  if (!isMatrix(document))
    throw new UsageError(
      `${origin.place()}: this suite has no matrix; zklab claims --suite ${reference} measures it`,
    );
  const keys = checked(matrixSchema, document, origin);
  const { starts, startsMin = Math.min(STARTS_MIN, starts) } = keys;
  if (startsMin > starts)
    throw new UsageError(
      `${origin.at('startsMin')}: ${startsMin}; accepted is at most starts, which is ${starts}`,
    );
  const shared = checkedSettings(keys.settings, origin);
  const both = Object.keys(keys.matrix.settings).find(key => key in shared);
  if (both !== undefined)
    throw new UsageError(
      `${origin.at('settings', both)}: matrix.settings has it too; accepted is one of the two places`,
    );
  const cells = cellsOf(keys, origin);
  const loads = loadsOf(keys, folder, origin);
  const ensembles = ensemblesOf(keys, cells, loads, folder, origin);
  const members = ensembles.reduce((sum, { topology }) => sum + topology.members.length, 0);
  if (members > MEMBERS_MAX)
    throw new UsageError(
      `${origin.at('matrix')}: its ${ensembles.length} ensembles have ${members} members, which would run at the same time; ` +
        `at most ${MEMBERS_MAX} are accepted, so leave some cells out with exclude`,
    );
  const workloads = Object.fromEntries([...loads].map(([each, { written }]) => [each, written]));
  const read = { ...keys, startsMin, matrix: { ...keys.matrix, workloads } };
  return { ...read, name, reference, cells, ensembles };
}

function loadsOf(
  { matrix }: MatrixKeys,
  folder: string,
  origin: Origin,
): ReadonlyMap<string, MatrixWorkload> {
  const at = origin.within('matrix', 'workloads');
  return new Map(
    Object.entries(matrix.workloads).map(([name, given]) => [
      name,
      workloadOf(name, given, folder, at.within(name)),
    ]),
  );
}

function ensemblesOf(
  keys: MatrixKeys,
  cells: readonly MatrixCell[],
  loads: ReadonlyMap<string, MatrixWorkload>,
  folder: string,
  origin: Origin,
): MatrixEnsemble[] {
  const { matrix } = keys;
  const groups = new Map<string, MatrixEnsemble & { readonly cells: LoadedCell[] }>();
  for (const cell of cells) {
    const { clients, server, budget } = matrix.conditions[cell.condition]!;
    const key = JSON.stringify([cell.topology, server, budget, Object.entries(cell.settings).sort()]);
    let group = groups.get(key);
    if (group === undefined) {
      const topology = topologyFor(keys, cell, folder, origin);
      const own = Object.entries(cell.settings).map(([name, value]) => `${name}=${value}`);
      const how = [
        ...(server === 'zklab' ? [] : [server]),
        ...(budget === undefined ? [] : [`budget=${budget}`]),
      ];
      const label = [cell.topology, ...how, ...own].join(' ');
      group = { label, topology, budget, cells: [] };
      groups.set(key, group);
    }
    const load = loads.get(cell.workload)!;
    if (targetsOf(group.topology, clients) === 0)
      throw new UsageError(
        `${origin.at('matrix', 'conditions', cell.condition, 'clients')}: ${clients}; topology ${cell.topology} has none, so leave its cells out with exclude`,
      );
    group.cells.push({ ...cell, load, clients });
  }
  return [...groups.values()];
}

function topologyFor(
  { matrix, settings }: MatrixKeys,
  cell: MatrixCell,
  folder: string,
  origin: Origin,
): Topology {
  const at = origin.at('matrix', 'topologies', cell.topology);
  const text = matrix.topologies[cell.topology]!;
  const read = readTopology(text, at, folder);
  const { members } = read;
  const other = members.find(({ implementation }) => implementation !== 'zklab');
  if (other !== undefined)
    throw new UsageError(
      `${at}: ${text}: ${other.name} has the implementation ${implementationName(other.implementation)}; leave it out, because server of a condition chooses it`,
    );
  const { server } = matrix.conditions[cell.condition]!;
  const topology = topologyOf(
    {
      name: cell.topology,
      masters: mastersWord(read),
      members: members.map(member => ({
        ...member,
        implementation: server,
        settings: { ...member.settings, ...cell.settings },
      })),
      settings,
    },
    at,
  );
  const problem = settingsProblem(topology);
  if (problem !== undefined) throw new UsageError(`${at}: ${problem}`);
  return topology;
}

/** How many members clients connect to. */
export function targetsOf({ members }: Pick<Topology, 'members'>, clients: Clients): number {
  const voters = members.filter(({ role }) => role === 'participant').length;
  const counts = {
    leader: 1,
    followers: voters - 1,
    voters,
    observers: members.length - voters,
    all: members.length,
  };
  return counts[clients];
}
