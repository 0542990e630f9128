import { basename } from 'node:path';
import { Tally } from './tally.ts';

/** One test file while its process runs it. A process may run several files, one after the other. */
export class FileRun {
  readonly path: string;
  /** Without folder and ending: `jute.test`. */
  readonly name: string;
  readonly tally = new Tally();
  /** Each puts one suite of the file into uvu's queue. */
  readonly suites: (() => void)[] = [];
  readonly folders: string[] = [];
  /** From then on nothing can be declared. */
  started = false;

  constructor(path: string) {
    this.path = path;
    this.name = basename(path, '.js');
  }
}

let current: FileRun | undefined;

export function beginFile(path: string): FileRun {
  current = new FileRun(path);
  return current;
}

export function endFile(): void {
  current = undefined;
}

/** The file that this process runs. */
export function fileInProgress(): FileRun {
  if (current === undefined)
    throw new Error('No test file is being run: start it with runner.js, or alone with test-main.js.');
  return current;
}
