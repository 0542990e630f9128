import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileReport } from './file-report.ts';
import type { TestFile } from './find-tests.ts';

/** Milliseconds that files took when they ran last, by name. They decide the order only. */
export type PastTimes = Readonly<Record<string, number>>;

/** Beside the compiled tests, so that a clean build forgets them. */
const FILE = join('dist', '.test-times.json');
/** Seconds that files with ensembles took on two cores, for a machine that has not run them yet. */
export const USUAL_FILE = join('.ci', 'test', 'usual-seconds.json');

export function readPastTimes(root: string): PastTimes {
  const usual = Object.entries(timesIn(root, USUAL_FILE)).map(([name, seconds]) => [name, seconds * 1000]);
  return { ...Object.fromEntries(usual), ...timesIn(root, FILE) };
}

export function savePastTimes(root: string, reports: readonly FileReport[]): void {
  const latest = Object.fromEntries(reports.map(({ file, tookMs }) => [file.name, Math.round(tookMs)]));
  writeFileSync(join(root, FILE), JSON.stringify({ ...timesIn(root, FILE), ...latest }));
}

/** Empty when there is no such file. */
function timesIn(root: string, file: string): Readonly<Record<string, number>> {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

/**
 * Longest first, so that no long file is left alone at the end. A file that is not known yet may be long,
 * and comes before all others.
 */
export function longestFirst(files: readonly TestFile[], times: PastTimes): TestFile[] {
  const timeOf = ({ name }: TestFile) => times[name] ?? Number.MAX_SAFE_INTEGER;
  return [...files].sort((a, b) => timeOf(b) - timeOf(a));
}
