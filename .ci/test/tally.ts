import { type FailedTest, type FileResult, formatResultLine, type SkippedTest } from './result-line.ts';

/**
 * The harness's own count of one test file. uvu's count is not trusted: uvu drops the rest of a suite, and
 * exits with 0, when a hook throws, when a test throws what is not an Error, or when its printing of a
 * failure throws.
 */
export class Tally {
  declared = 0;
  passed = 0;
  readonly failed: FailedTest[] = [];
  readonly skipped: SkippedTest[] = [];

  get run(): number {
    return this.passed + this.failed.length + this.skipped.length;
  }

  result(): FileResult {
    return { declared: this.declared, passed: this.passed, failed: this.failed, skipped: this.skipped };
  }

  /** Why the file as a whole has not passed, or undefined. */
  complaint(): string | undefined {
    if (this.declared === 0) return 'no test is declared in this file';
    if (this.failed.length > 0) return `${this.failed.length} failed`;
    if (this.run < this.declared) return `${this.declared} tests declared, ${this.run} run`;
    return undefined;
  }
}

/**
 * Has the last word on the exit code of this process, after process.exit(0) too, and leaves the result line.
 */
export function reportAtExit(tally: Tally): void {
  process.on('exit', () => {
    const complaint = tally.complaint();
    if (complaint !== undefined) {
      process.exitCode ||= 1;
      process.stderr.write(`\nFAIL: ${complaint}\n`);
    }
    process.stdout.write(formatResultLine(tally.result()));
  });
}
