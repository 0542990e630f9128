import type { TestFile } from './find-tests.ts';
import type { FileResult } from './result-line.ts';

export interface FileReport {
  readonly file: TestFile;
  readonly result: FileResult;
  /** Why the file failed, as a whole or in part; empty when it passed. */
  readonly complaints: readonly string[];
  /** The end of its output, both streams in the order of arrival. */
  readonly output: string;
  readonly tookMs: number;
}

/** How a file ended. The first two are undefined while its process goes on. */
export interface Ending {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly orphans: boolean;
  readonly lateAfterMs: number | undefined;
}

/** Everything that must hold when a file ends. Some runner has let a failure pass for each of these. */
export function judge(result: FileResult | undefined, ending: Ending): string[] {
  if (ending.lateAfterMs !== undefined)
    return [`killed: the file did not end within ${ending.lateAfterMs} ms`];
  const complaints: string[] = [];
  if (result === undefined) complaints.push('no result line: the process died');
  else {
    const run = result.passed + result.failed.length + result.skipped.length;
    if (result.declared === 0) complaints.push('no test is declared');
    if (run < result.declared) complaints.push(`${result.declared} tests declared, ${run} run`);
    complaints.push(...result.failed.map(({ title }) => title));
  }
  if (ending.signal !== undefined) complaints.push(`ended by ${ending.signal}`);
  else if (ending.exitCode !== undefined && !result?.failed.length)
    complaints.push(`ended its process with exit code ${ending.exitCode}`);
  if (ending.orphans) complaints.push('left a process behind');
  return complaints;
}
