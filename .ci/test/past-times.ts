import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileReport } from './file-report.ts';
import type { TestFile } from './find-tests.ts';

/** Milliseconds that files took when they ran last, by name. They decide the order only. */
export type PastTimes = Readonly<Record<string, number>>;

/** Beside the compiled tests, so that a clean build forgets them. */
const FILE = join('dist', '.test-times.json');

export function readPastTimes(root: string): PastTimes {
  try {
    return JSON.parse(readFileSync(join(root, FILE), 'utf8')) as PastTimes;
  } catch {
    return {};
  }
}

export function savePastTimes(root: string, before: PastTimes, reports: readonly FileReport[]): void {
  const latest = Object.fromEntries(reports.map(({ file, tookMs }) => [file.name, Math.round(tookMs)]));
  writeFileSync(join(root, FILE), JSON.stringify({ ...before, ...latest }));
}

/**
 * Longest first, so that no long file is left alone at the end. A file that never ran may be long, and comes
 * before all others.
 */
export function longestFirst(files: readonly TestFile[], times: PastTimes): TestFile[] {
  const timeOf = ({ name }: TestFile) => times[name] ?? Number.MAX_SAFE_INTEGER;
  return [...files].sort((a, b) => timeOf(b) - timeOf(a));
}
