/**
 * The result that a test file reports to the runner when its process ends: one line on standard output. A
 * file that ends without it, or with fewer tests run than declared, has failed whatever its exit code says.
 */
export interface FileResult {
  readonly declared: number;
  readonly passed: number;
  readonly failed: readonly FailedTest[];
  readonly skipped: readonly SkippedTest[];
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

const MARK = '@zklab-test-result ';

export function formatResultLine(result: FileResult): string {
  return `\n${MARK}${JSON.stringify(result)}\n`;
}

/** The last result line in the output of a process; undefined when there is none. */
export function findResultLine(output: string): FileResult | undefined {
  const line = output
    .split('\n')
    .filter(one => one.startsWith(MARK))
    .at(-1);
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line.slice(MARK.length)) as FileResult;
  } catch {
    return undefined;
  }
}

export function withoutResultLine(output: string): string {
  return output
    .split('\n')
    .filter(line => !line.startsWith(MARK))
    .join('\n');
}
