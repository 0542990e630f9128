import type { FileReport } from './file-report.ts';
import type { TestFile } from './find-tests.ts';
import { type ProcessOptions, TestProcess } from './test-process.ts';

export interface RunOptions extends ProcessOptions {
  readonly deadlineMs: number;
  readonly filesAtATime: number;
  /** Run the next file in the process of the last one, unless that one left something running. */
  readonly shareProcesses: boolean;
  /** Run one more file at a time, of those that this accepts. The other places take these last. */
  readonly oneMoreOf?: (file: TestFile) => boolean;
}

/** Runs all files, each when a place is free, in the given order. */
export async function runFiles(
  files: readonly TestFile[],
  { deadlineMs, filesAtATime, shareProcesses, oneMoreOf, ...ofProcess }: RunOptions,
  onReport: (report: FileReport) => void = () => {},
): Promise<FileReport[]> {
  const waiting = [...files];
  const reports: FileReport[] = [];
  /** The first file that is accepted, which then waits no longer. */
  const take = (accepts: (file: TestFile) => boolean): TestFile | undefined => {
    const at = waiting.findIndex(accepts);
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };
  /** Files for the one more place are left to it, as long as there are others. */
  const takeAny = () => take(file => oneMoreOf?.(file) !== true) ?? take(() => true);
  const worker = async (next: () => TestFile | undefined) => {
    let running: TestProcess | undefined;
    for (let file = next(); file !== undefined; file = next()) {
      if (!running?.usable) running = new TestProcess(ofProcess);
      const report = await running.run(file, deadlineMs);
      if (!shareProcesses) await running.end();
      reports.push(report);
      onReport(report);
    }
    await running?.end();
  };
  const workers = Array.from({ length: filesAtATime }, () => worker(takeAny));
  if (oneMoreOf !== undefined) workers.push(worker(() => take(oneMoreOf)));
  await Promise.all(workers);
  return reports;
}
