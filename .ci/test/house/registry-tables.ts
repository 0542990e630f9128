/** Tables in READMEs and pages that are built from the registries, as `zklab list` is. */
import { type Entry, LISTS } from '../../../chaos/list.ts';
import type { SourceFile, Violation } from './source-file.ts';

const BEGIN = /^<!-- zklab list ([\w-]+) -->$/;
const END = '<!-- end of the list -->';
const HINT = '"node dist/.ci/registry-tables.js --write" makes it';

/** Each registry has its table in a README or a page, and no table differs from its registry. */
export function registryTables(files: readonly SourceFile[]): Violation[] {
  const pages = files.filter(({ path }) => path.endsWith('.md'));
  const shown = new Set<string>();
  const violations = pages.flatMap(({ path, text }): Violation[] =>
    tablesIn(text).flatMap(({ kind, line, table }) => {
      shown.add(kind);
      const entries = LISTS[kind];
      if (entries === undefined)
        return [`${path}:${line}: no list is named ${kind}; there are ${Object.keys(LISTS).join(', ')}`];
      if (table === undefined) return [`${path}:${line}: the list of ${kind} has no "${END}"`];
      return table.join('\n') === tableOf(entries()).join('\n')
        ? []
        : [`${path}:${line}: the table of ${kind} differs from its registry; ${HINT}`];
    }),
  );
  const isWholeTree = pages.some(({ path }) => path === 'chaos/README.md');
  const missing = isWholeTree ? Object.keys(LISTS).filter(kind => !shown.has(kind)) : [];
  return [...violations, ...missing.map(kind => `chaos/README.md: no page has a table of ${kind}`)];
}

/** The text with every table rebuilt from its registry. */
export function withTables(text: string): string {
  const lines = text.split('\n');
  for (const { kind, line, table } of tablesIn(text).reverse()) {
    const entries = LISTS[kind];
    if (entries !== undefined && table !== undefined) lines.splice(line, table.length, ...tableOf(entries()));
  }
  return lines.join('\n');
}

interface Found {
  readonly kind: string;
  /** Line of its beginning, from 1 on. */
  readonly line: number;
  /** Its lines; undefined when its end is missing. */
  readonly table: readonly string[] | undefined;
}

function tablesIn(text: string): Found[] {
  const lines = text.split('\n');
  return lines.flatMap((begin, at): Found[] => {
    const kind = BEGIN.exec(begin)?.[1];
    if (kind === undefined) return [];
    const end = lines.indexOf(END, at);
    return [{ kind, line: at + 1, table: end < 0 ? undefined : lines.slice(at + 1, end) }];
  });
}

function tableOf(entries: readonly Entry[]): string[] {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = entries.map(({ name, description }) => `| \`${cell(name)}\` | ${cell(description)} |`);
  return ['', '| name | what it is |', '|---|---|', ...rows, ''];
}
