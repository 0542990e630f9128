import type { FileReport } from './file-report.ts';
import type { TestFile } from './find-tests.ts';
import { type ProcessOptions, TestProcess } from './test-process.ts';

export interface RunOptions extends ProcessOptions {
  readonly deadlineMs: number;
  readonly filesAtATime: number;
  /** Run the next file in the process of the last one, unless that one left something running. */
  readonly shareProcesses: boolean;
  /** Run only files beside each other that these cores are enough for. */
  readonly cores?: CoreBudget | undefined;
}

export interface CoreBudget {
  readonly max: number;
  /** How many of them a file keeps busy, usually a part of one. */
  usedBy(file: TestFile): number;
}

/** Runs all files, in the given order as far as the cores are enough for the next one. */
export async function runFiles(
  files: readonly TestFile[],
  { deadlineMs, filesAtATime, shareProcesses, cores, ...ofProcess }: RunOptions,
  onReport: (report: FileReport) => void = () => {},
): Promise<FileReport[]> {
  const waiting = [...files];
  const running = new Map<TestFile, Promise<void>>();
  const free: TestProcess[] = [];
  const reports: FileReport[] = [];
  const run = async (file: TestFile) => {
    const process = free.pop() ?? new TestProcess(ofProcess);
    const report = await process.run(file, deadlineMs);
    if (shareProcesses && process.usable) free.push(process);
    else await process.end();
    reports.push(report);
    onReport(report);
    running.delete(file);
  };
  while (waiting.length > 0 || running.size > 0) {
    while (running.size < filesAtATime) {
      const file = takeNext(waiting, [...running.keys()], cores);
      if (file === undefined) break;
      running.set(file, run(file));
    }
    await Promise.race(running.values());
  }
  await Promise.all(free.map(process => process.end()));
  return reports;
}

/**
 * Takes the first file that fits beside those that run, out of those that wait. One that needs more than all
 * cores runs alone.
 */
export function takeNext(
  waiting: TestFile[],
  running: readonly TestFile[],
  cores?: CoreBudget,
): TestFile | undefined {
  const usedBy = (file: TestFile) => cores?.usedBy(file) ?? 0;
  const free = (cores?.max ?? 0) - running.reduce((sum, file) => sum + usedBy(file), 0);
  const at = running.length === 0 ? 0 : waiting.findIndex(file => usedBy(file) <= free);
  return at < 0 ? undefined : waiting.splice(at, 1)[0];
}
