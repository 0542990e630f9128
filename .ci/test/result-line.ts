/**
 * The result of one test file: one line on standard output, the last one of the file. A file that ends
 * without it, or with fewer tests run than declared, has failed whatever its exit code says.
 */
export interface FileResult {
  readonly declared: number;
  readonly passed: number;
  readonly failed: readonly FailedTest[];
  readonly skipped: readonly SkippedTest[];
  /** CPU time that the file took, user and system, with that of its child processes that have ended. */
  readonly cpuMs: number;
  /** The file ended its process, or left handles open in it, so that no other file can follow. */
  readonly processEnds: boolean;
}

/** A test, or a hook that failed. */
export interface FailedTest {
  /** `suite: title` */
  readonly title: string;
  /** What was thrown, in a few lines. */
  readonly reason: string;
}

export interface SkippedTest {
  readonly title: string;
  readonly reason: string;
}

const RESULT_MARK = '@zklab-test-result ';
/** The last line of a file on standard error. */
export const END_MARK = '@zklab-test-end';

export function formatResultLine(result: FileResult): string {
  return `\n${RESULT_MARK}${JSON.stringify(result)}\n`;
}

/** Undefined when the line is something else. */
export function parseResultLine(line: string): FileResult | undefined {
  if (!line.startsWith(RESULT_MARK)) return undefined;
  try {
    return JSON.parse(line.slice(RESULT_MARK.length)) as FileResult;
  } catch {
    return undefined;
  }
}
