import type { Oracle } from '../membership/oracle.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Disk } from '../runtime/runtime.ts';

/**
 * The oracle as a file that a failure detector writes: it authorises while the first byte is `1`. A file that
 * is missing, empty or not readable does not. Reading blocks the loop, so the file belongs on a local disk.
 * @see docs/oracle.md; QuorumOracleMaj.askOracle
 */
export class OracleFile implements Oracle {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #logger: Logger;
  #problem: string | null = null;

  constructor(disk: Disk, path: string, logger: Logger) {
    this.#disk = disk;
    this.#path = path;
    this.#logger = logger;
  }

  authorizes(): boolean {
    try {
      const answer = this.#firstByte();
      this.#problem = null;
      return answer === '1';
    } catch (error) {
      this.#report((error as Error).message);
      return false;
    }
  }

  #firstByte(): string {
    // Opening a pipe would block until somebody writes to it.
    if (this.#disk.fileInfo(this.#path) === undefined) throw new Error('it is not a regular file');
    const file = this.#disk.open(this.#path, 'r');
    try {
      return file.readAt(0, 1).toString('latin1');
    } finally {
      file.close();
    }
  }

  /**
   * Logs a failure once, until the file can be read again or the reason changes, because the oracle is asked
   * for each commit.
   */
  #report(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#logger.warn('the oracle file cannot be read, so it authorises nothing', {
      oraclePath: this.#path,
      problem,
    });
  }
}
