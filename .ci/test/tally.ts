import type { FailedTest, SkippedTest } from './result-line.ts';

/**
 * The harness's own count for one test file. uvu's count is not reliable: when a hook throws, a test throws
 * a non-Error, or printing a failure throws, uvu drops the rest of the suite and exits with 0.
 */
export class Tally {
  declared = 0;
  passed = 0;
  readonly failed: FailedTest[] = [];
  readonly skipped: SkippedTest[] = [];

  get run(): number {
    return this.passed + this.failed.length + this.skipped.length;
  }

  /** Why the file as a whole has not passed; undefined when it has. */
  complaint(): string | undefined {
    if (this.declared === 0) return 'no test is declared in this file';
    if (this.failed.length > 0) return `${this.failed.length} failed`;
    if (this.run < this.declared) return `${this.declared} tests declared, ${this.run} run`;
    return undefined;
  }
}
