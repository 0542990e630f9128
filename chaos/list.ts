/**
 * `zklab list`: what can be asked for by name, from where it stands. Claims, topologies and suites come from their
 * registries and files. Faults, workloads and checkers have a file each: its line is the first sentence of the comment
 * above what it exports, which the compiler keeps.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLAIMS } from '../bench/claims/index.ts';
import type { Terminal } from '../bench/terminal.ts';
import { PRESETS } from '../bench/topology/presets.ts';
import type { TopologyInput } from '../bench/topology/topology.ts';
import { UsageError } from '../bench/usage-error.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';

export interface Entry {
  readonly name: string;
  /** One line. */
  readonly description: string;
}

const KINDS: Readonly<Record<string, () => readonly Entry[]>> = {
  claims: () => CLAIMS.map(({ id, title }) => ({ name: id, description: title })),
  suites,
  topologies: () => Object.entries(PRESETS).map(([name, input]) => ({ name, description: membersOf(input) })),
  faults: () => filesOf('faults', /\bdescription: /),
  workloads: () => filesOf('workloads', /^export class \w+Workload\b/m),
  checkers: () => filesOf('checkers', /^export function check\w+|^ {4}see\(/m),
};

/** @throws UsageError for a kind that is none */
export function list(
  kind: string | undefined,
  terminal: Terminal,
  { json, columns }: { readonly json: boolean; readonly columns: number },
): ExitCode {
  const kinds = kind === undefined ? Object.keys(KINDS) : [kind];
  const lists = Object.fromEntries(kinds.map(name => [name, entriesOf(name)]));
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

/** The files of a room of chaos/ that hold one of its kind, which `holds` tells from those that only help. */
function filesOf(room: string, holds: RegExp): Entry[] {
  const folder = join(import.meta.dirname, room);
  return readdirSync(folder)
    .filter(file => file.endsWith('.js') && !file.includes('.test'))
    .sort()
    .flatMap(file => {
      const text = readFileSync(join(folder, file), 'utf8');
      const description = exportedComment(text);
      if (!holds.test(text) || description === undefined) return [];
      return [{ name: file.replace(/(-workload)?\.js$/, '').replaceAll('-', ' '), description }];
    });
}

/** The first sentence of the comment above the first exported function or class that has one. */
function exportedComment(text: string): string | undefined {
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport (?:async )?(?:function|class)\b/.exec(text)?.[1];
  return comment === undefined ? undefined : firstSentence(comment.replace(/\n\s*\*/g, ' ').trim());
}

function firstSentence(text: string): string {
  return (/^.*?[.:](?=\s|$)/.exec(text.replace(/\s+/g, ' '))?.[0] ?? text).replace(/[.:]$/, '');
}
