/** `zklab list`: what can be asked for by name, from the registries. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLAIMS } from '../bench/claims/index.ts';
import type { Terminal } from '../bench/terminal.ts';
import { PRESETS } from '../bench/topology/presets.ts';
import type { TopologyInput } from '../bench/topology/topology.ts';
import { UsageError } from '../bench/usage-error.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { CHECKERS } from './checkers/index.ts';
import { FAULTS } from './faults/index.ts';
import { readSchedule, scheduleNames } from './schedules/index.ts';
import { SIMULATED_FAULTS } from './simulation/faults/index.ts';
import { WORKLOADS } from './workloads/index.ts';

export interface Entry {
  readonly name: string;
  /** One line. */
  readonly description: string;
}

const KINDS: Readonly<Record<string, () => readonly Entry[]>> = {
  claims: () => CLAIMS.map(({ id, title }) => ({ name: id, description: title })),
  suites,
  topologies: () => Object.entries(PRESETS).map(([name, input]) => ({ name, description: membersOf(input) })),
  faults: () => FAULTS,
  'simulation-faults': () => SIMULATED_FAULTS.map(({ kind, description }) => ({ name: kind, description })),
  workloads: () => WORKLOADS,
  checkers: () => CHECKERS,
  schedules: () => scheduleNames().map(readSchedule),
};

/** @throws UsageError for a kind that is none */
export function list(
  kind: string | undefined,
  terminal: Terminal,
  { json, columns }: { readonly json: boolean; readonly columns: number },
): ExitCode {
  const kinds = kind === undefined ? Object.keys(KINDS) : [kind];
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
  const entries = KINDS[kind];
  if (entries !== undefined) return entries();
  throw new UsageError(`No list is named "${kind}"; accepted are ${Object.keys(KINDS).join(', ')}.`);
}

function table(kind: string, entries: readonly Entry[], columns: number): string {
  const width = Math.max(...entries.map(({ name }) => name.length));
  const lines = entries.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`);
  return [kind, ...lines.map(line => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line))].join(
    '\n',
  );
}

/** The first line of a suite is a comment that says what it is for. */
function suites(): Entry[] {
  const folder = join(import.meta.dirname, '..', '..', 'bench', 'suites');
  return yamlFiles(folder).map(file => {
    const [firstLine = ''] = readFileSync(join(folder, file), 'utf8').split('\n', 1);
    return { name: file.replace(/\.yaml$/, ''), description: firstSentence(firstLine.replace(/^#\s*/, '')) };
  });
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter(file => file.endsWith('.yaml'))
    .sort();
}

function membersOf({ voters = 0, observers = 0, masters = false }: TopologyInput): string {
  if (observers === 0) return `${voters} voters`;
  return `${voters} voters and ${observers} observers${masters ? ' behind observer masters' : ''}`;
}

function firstSentence(text: string): string {
  return (/^.*?[.:](?=\s|$)/.exec(text.replace(/\s+/g, ' '))?.[0] ?? text).replace(/[.:]$/, '');
}
