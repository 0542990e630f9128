/** `zklab list`: what the command line accepts by name, from the registries. */
import { CLAIMS } from '../bench/claims/index.ts';
import { gateNames, readGate } from '../bench/compare/gate.ts';
import { OPERATIONS } from '../bench/load/workload/operations.ts';
import { readWorkload, workloadNames } from '../bench/load/workload/workload-file.ts';
import { matrixNames, readMatrix } from '../bench/matrix/matrix-suite.ts';
import type { Terminal } from '../bench/terminal.ts';
import { PRESETS } from '../bench/topology/presets.ts';
import type { TopologyInput } from '../bench/topology/topology.ts';
import { UsageError } from '../bench/usage-error.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { CHECKERS } from './checkers/index.ts';
import { readSuite, suiteNames } from './experiments/suites.ts';
import { FAULTS } from './faults/index.ts';
import { readSchedule, scheduleNames } from './schedules/index.ts';
import { SIMULATED_FAULTS } from './simulation/faults/index.ts';
import { WORKLOADS } from './workloads/index.ts';

export interface Entry {
  readonly name: string;
  /** One line. */
  readonly description: string;
}

/** By kind; each is read when it is asked for. The tables in the READMEs are built from them too. */
export const LISTS: Readonly<Record<string, () => readonly Entry[]>> = {
  claims: () => CLAIMS.map(({ id, title }) => ({ name: id, description: title })),
  gates: () => gateNames().map(name => ({ name, description: readGate(name).description ?? '' })),
  suites: () =>
    [...suiteNames().map(readSuite), ...matrixNames().map(readMatrix)].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    ),
  topologies: () => Object.entries(PRESETS).map(([name, input]) => ({ name, description: membersOf(input) })),
  faults: () => FAULTS,
  'simulation-faults': () => SIMULATED_FAULTS.map(({ kind, description }) => ({ name: kind, description })),
  workloads: () => [
    ...workloadNames()
      .map(readWorkload)
      .map(({ name, description }) => ({ name, description: `load: ${description}` })),
    ...WORKLOADS.map(({ name, description }) => ({ name, description: `chaos: ${description}` })),
  ],
  operations: () => OPERATIONS,
  checkers: () => CHECKERS,
  schedules: () => scheduleNames().map(readSchedule),
};

/** @throws UsageError for an unknown kind */
export function list(
  kind: string | undefined,
  terminal: Terminal,
  { json, columns }: { readonly json: boolean; readonly columns: number },
): ExitCode {
  const kinds = kind === undefined ? Object.keys(LISTS) : [kind];
  const lists = Object.fromEntries(
    kinds.map(name => [name, entriesOf(name).map(({ name, description }) => ({ name, description }))]),
  );
  if (json) terminal.json(lists);
  else
    terminal.print(
      Object.entries(lists)
        .map(([name, entries]) => table(name, entries, columns))
        .join('\n\n'),
    );
  return EXIT_CODES.holds;
}

function entriesOf(kind: string): readonly Entry[] {
  const entries = Object.hasOwn(LISTS, kind) ? LISTS[kind] : undefined;
  if (entries !== undefined) return entries();
  throw new UsageError(`no list is named "${kind}"; accepted are ${Object.keys(LISTS).join(', ')}`);
}

function table(kind: string, entries: readonly Entry[], columns: number): string {
  const width = Math.max(...entries.map(({ name }) => name.length));
  const lines = entries.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`);
  return [kind, ...lines.map(line => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line))].join(
    '\n',
  );
}

function membersOf({ voters = 0, observers = 0, masters = false }: TopologyInput): string {
  if (observers === 0) return `${voters} voters`;
  return `${voters} voters and ${observers} observers${masters ? ' behind observer masters' : ''}`;
}
