import type { FileReport } from './file-report.ts';
import type { TestFile } from './find-tests.ts';
import { TestProcess } from './test-process.ts';

export interface RunOptions {
  readonly deadlineMs: number;
  readonly filesAtATime: number;
  /** Run the next file in the process of the last one, unless that one left something running. */
  readonly shareProcesses: boolean;
  /** Nice value of the processes, when it is not ours. @see nice(1) */
  readonly niceness?: number;
  /** Added to our environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs all files, each when a place is free, in the given order. */
export async function runFiles(
  files: readonly TestFile[],
  { deadlineMs, filesAtATime, shareProcesses, niceness, env }: RunOptions,
  onReport: (report: FileReport) => void = () => {},
): Promise<FileReport[]> {
  const waiting = [...files];
  const reports: FileReport[] = [];
  const worker = async () => {
    let running: TestProcess | undefined;
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      if (!running?.usable) running = new TestProcess({ niceness, env });
      const report = await running.run(file, deadlineMs);
      if (!shareProcesses) await running.end();
      reports.push(report);
      onReport(report);
    }
    await running?.end();
  };
  await Promise.all(Array.from({ length: filesAtATime }, worker));
  return reports;
}
