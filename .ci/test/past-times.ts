import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileReport } from './file-report.ts';
import type { TestFile } from './find-tests.ts';

/** What a file took when it ran last. */
export interface PastTime {
  readonly tookMs: number;
  readonly cpuMs: number;
}

/** By the name of the file. They decide the order, and which files run beside others. */
export type PastTimes = Readonly<Record<string, PastTime>>;

/** `[by the clock, of CPU]`, by the name of the file. */
type Kept = Readonly<Record<string, readonly [took: number, cpu: number]>>;

/** In milliseconds. Beside the compiled tests, so that a clean build forgets them. */
const FILE = join('dist', '.test-times.json');
/** In seconds: files with ensembles on two cores, for a machine that has not run them yet. */
export const USUAL_FILE = join('.ci', 'test', 'usual-seconds.json');

export function readPastTimes(root: string): PastTimes {
  return { ...readUsualTimes(root), ...timesIn(root, FILE, 1) };
}

/** Those of a machine that did nothing else. */
export function readUsualTimes(root: string): PastTimes {
  return timesIn(root, USUAL_FILE, 1000);
}

export function savePastTimes(root: string, reports: readonly FileReport[]): void {
  const latest = reports.map(({ file, tookMs, result }) => [file.name, { tookMs, cpuMs: result.cpuMs }]);
  const all: PastTimes = { ...timesIn(root, FILE, 1), ...Object.fromEntries(latest) };
  writeFileSync(join(root, FILE), timesText(all, 1));
}

/** One line a file, in units of so many milliseconds. */
export function timesText(times: PastTimes, unitMs: number): string {
  const inUnits = (ms: number) => Math.max(1, Math.round(ms / unitMs));
  const lines = Object.entries(times)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { tookMs, cpuMs }]) => `  ${JSON.stringify(name)}: [${inUnits(tookMs)}, ${inUnits(cpuMs)}]`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Empty when there is no such file, or one of another form. */
function timesIn(root: string, file: string, unitMs: number): PastTimes {
  try {
    const kept = JSON.parse(readFileSync(join(root, file), 'utf8')) as Kept;
    const times = Object.entries(kept).map(([name, [took, cpu]]) => [
      name,
      { tookMs: took * unitMs, cpuMs: cpu * unitMs },
    ]);
    return Object.fromEntries(times);
  } catch {
    return {};
  }
}

/**
 * Longest first, so that no long file is left alone at the end. A file that is not known yet may be long,
 * and comes before all others.
 */
export function longestFirst(files: readonly TestFile[], times: PastTimes): TestFile[] {
  const timeOf = ({ name }: TestFile) => times[name]?.tookMs ?? Number.MAX_SAFE_INTEGER;
  return [...files].sort((a, b) => timeOf(b) - timeOf(a));
}

/** How many cores a file kept busy. One that is not known yet may need one. */
export function coresUsedBy({ name }: TestFile, times: PastTimes): number {
  const time = times[name];
  return time === undefined ? 1 : time.cpuMs / time.tookMs;
}
