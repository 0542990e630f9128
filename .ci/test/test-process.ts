import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type FileReport, judge } from './file-report.ts';
import type { TestFile } from './find-tests.ts';
import { GRACE_MS, GRACE_VARIABLE } from './grace.ts';
import { childrenEnd, killGroup } from './process-group.ts';
import { END_MARK, type FileResult, parseResultLine } from './result-line.ts';

const MAIN = fileURLToPath(new URL('./test-main.js', import.meta.url));

/** The beginning of longer output is dropped, because failures are at the end. */
const OUTPUT_CHARS_MAX = 256 * 1024;
const NOTHING_RUN: FileResult = {
  declared: 0,
  passed: 0,
  failed: [],
  skipped: [],
  cpuMs: 0,
  processEnds: true,
};

/** Process groups of the running test files, for an interrupted runner. */
export const runningGroups = new Set<number>();

export interface ProcessOptions {
  /** Nice value of it and of what it starts. Left out: as ours. @see nice(1) */
  readonly niceness?: number | undefined;
  /** How long what a file leaves behind may go on. @default GRACE_MS */
  readonly graceMs?: number | undefined;
  /** Added to our environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Runs test files, one after the other, in a process group of its own. */
export class TestProcess {
  readonly #child;
  readonly #group: number;
  readonly #graceMs: number;
  #output = '';
  #result: FileResult | undefined;
  #errorsEnded = false;
  #onReported = () => {};
  #usable = true;

  constructor({ niceness, env, graceMs = GRACE_MS }: ProcessOptions = {}) {
    this.#graceMs = graceMs;
    this.#child = execa(process.execPath, ['--enable-source-maps', MAIN], {
      detached: true,
      cleanup: false,
      reject: false,
      stdin: 'ignore',
      buffer: false,
      ipc: true,
      env: { FORCE_COLOR: '0', [GRACE_VARIABLE]: String(graceMs), ...env },
    });
    if (this.#child.pid === undefined) throw new Error('A process for test files could not be started.');
    this.#group = this.#child.pid;
    if (niceness !== undefined) setPriority(this.#group, niceness);
    runningGroups.add(this.#group);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      onLines(stream, line => this.#onLine(line));
  }

  /** Whether another file can follow. */
  get usable(): boolean {
    return this.#usable;
  }

  /** The process group is killed at the deadline, and when the file has left something running. */
  async run(file: TestFile, deadlineMs: number): Promise<FileReport> {
    const startedAt = performance.now();
    this.#output = '';
    this.#result = undefined;
    this.#errorsEnded = false;
    let late = false;
    const deadline = setTimeout(() => {
      late = true;
      killGroup(this.#group);
    }, deadlineMs);
    const reported = new Promise<void>(resolve => {
      this.#onReported = resolve;
    });
    this.#child.send?.(file.path, () => {});
    const ended = await Promise.race([reported, this.#child]);
    const { exitCode, signal } = ended ?? {};
    clearTimeout(deadline);
    const orphans = !late && !(await childrenEnd(this.#group, this.#graceMs));
    if (ended !== undefined || orphans) await this.#kill();
    const result: FileResult | undefined = this.#result;
    return {
      file,
      result: result ?? NOTHING_RUN,
      complaints: judge(result, { exitCode, signal, orphans, lateAfterMs: late ? deadlineMs : undefined }),
      output: this.#output.slice(-OUTPUT_CHARS_MAX).trim(),
      tookMs: performance.now() - startedAt,
    };
  }

  /** The process exits by itself, so that what its files have registered for then is done. */
  async end(): Promise<void> {
    if (!this.#usable) return;
    const kill = setTimeout(() => killGroup(this.#group), this.#graceMs);
    this.#child.disconnect?.();
    await this.#child;
    clearTimeout(kill);
    await this.#kill();
  }

  async #kill(): Promise<void> {
    this.#usable = false;
    killGroup(this.#group);
    await this.#child;
    runningGroups.delete(this.#group);
  }

  #keep(text: string): void {
    this.#output += text;
    if (this.#output.length > 2 * OUTPUT_CHARS_MAX) this.#output = this.#output.slice(-OUTPUT_CHARS_MAX);
  }

  /** Of the last file that this process can run nothing is known until the process has ended. */
  #onLine(line: string): void {
    const result = parseResultLine(line);
    if (result !== undefined) this.#result = result;
    else if (line === END_MARK) this.#errorsEnded = true;
    else this.#keep(`${line}\n`);
    if (this.#errorsEnded && this.#result?.processEnds === false) this.#onReported();
  }
}

/** A line that never ends comes in pieces. */
function onLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let incomplete = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (incomplete + chunk).split('\n');
    incomplete = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (incomplete.length <= OUTPUT_CHARS_MAX) return;
    onLine(incomplete);
    incomplete = '';
  });
  stream.on('end', () => onLine(incomplete));
}
