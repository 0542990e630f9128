/** The bugs that were really found, from `bugs.yaml`, and their page. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { readDocument } from '../../bench/read-yaml.ts';

const text = z.string().min(1);
const bugSchema = z
  .strictObject({
    seen: text,
    cause: text,
    in: z.enum(['server', 'lab']),
    found: z.strictObject({ by: text, how: text, on: z.iso.date() }),
    /** Fails without the repair. */
    test: z.strictObject({ file: text, name: text }).optional(),
    /** Of the simulation. */
    plan: text.optional(),
  })
  .refine(({ test, plan }) => test !== undefined || plan !== undefined, 'a bug is held by a test or a plan');

const recordSchema = z.strictObject({ bugs: z.array(bugSchema).min(1) });

export type Bug = z.infer<typeof bugSchema>;

const DATA_FILE = 'chaos/track-record/bugs.yaml';
export const PAGE_FILE = 'chaos/track-record/README.md';

/** @param root of the source tree. @throws UsageError naming the line */
export function readBugs(root: string): readonly Bug[] {
  const { value, origin } = readDocument(join(root, DATA_FILE), 'track record');
  return checked(recordSchema, value, origin).bugs;
}

/** What holds a bug, and is not in the tree. */
export function missingTests(bugs: readonly Bug[], root: string): string[] {
  const at = (path: string) => join(root, path);
  return bugs.flatMap(({ seen, test, plan }) => {
    const missing: string[] = [];
    if (plan !== undefined && !existsSync(at(plan))) missing.push(`${seen} ${plan} does not exist`);
    if (test === undefined) return missing;
    if (!existsSync(at(test.file))) return [...missing, `${seen} ${test.file} does not exist`];
    // In the source a quote may be escaped.
    const source = readFileSync(at(test.file), 'utf8').replaceAll("\\'", "'");
    return source.includes(test.name) ? missing : [...missing, `${seen} ${test.file} has no "${test.name}"`];
  });
}

/** Newest first. */
export function trackRecordPage(bugs: readonly Bug[]): string {
  const newestFirst = [...bugs].sort((a, b) => b.found.on.localeCompare(a.found.on));
  const rows = (where: Bug['in']) => newestFirst.filter(bug => bug.in === where).map(rowOf);
  const head = ['| found | seen as | cause | held by |', '|---|---|---|---|'];
  return `${[
    '# Track record',
    [
      'Bugs that were really found: by the simulation, by chaos, by the fuzzer, by comparison with Apache ZooKeeper, or by attacks.',
      'Planted ones are not here. This page is made from `bugs.yaml` by `node dist/.ci/track-record.js --write`, and a test checks that',
      'every named test is there.',
    ].join('\n'),
    `## In the server (${rows('server').length})`,
    [...head, ...rows('server')].join('\n'),
    `## In the lab (${rows('lab').length})`,
    [...head, ...rows('lab')].join('\n'),
  ].join('\n\n')}\n`;
}

function rowOf({ seen, cause, found, test, plan }: Bug): string {
  const cell = (words: string) => words.replaceAll('|', '\\|');
  const held = [
    ...(test === undefined ? [] : [`\`${test.file}\`: ${test.name}`]),
    ...(plan === undefined ? [] : [`\`zklab sim --replay ${plan}\``]),
  ];
  const when = `${found.on}, ${found.by}: ${found.how}`;
  return `| ${[when, seen, cause, held.join('; ')].map(cell).join(' | ')} |`;
}
