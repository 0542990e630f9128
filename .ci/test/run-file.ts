import { execa } from 'execa';
import type { TestFile } from './find-tests.ts';
import { groupEnds, killGroup } from './process-group.ts';
import { type FileResult, findResultLine, withoutResultLine } from './result-line.ts';

export interface FileReport {
  readonly file: TestFile;
  readonly result: FileResult;
  /** Why the file failed, as a whole or in part; empty when it passed. */
  readonly complaints: readonly string[];
  /** The end of its output, both streams in the order of arrival. */
  readonly output: string;
  readonly tookMs: number;
}

/** The beginning of longer output is dropped, because failures and the result line are at the end. */
const OUTPUT_CHARS_MAX = 256 * 1024;
const NOTHING_RUN: FileResult = { declared: 0, passed: 0, failed: [], skipped: [] };

/** Process groups of the running test files, for an interrupted runner. */
export const runningGroups = new Set<number>();

/**
 * Runs one test file in its own process group, which is killed at the deadline.
 *
 * @param env added to our environment
 */
export async function runFile(
  file: TestFile,
  deadlineMs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<FileReport> {
  const startedAt = performance.now();
  const child = execa(process.execPath, ['--enable-source-maps', file.path], {
    detached: true,
    cleanup: false,
    reject: false,
    stdin: 'ignore',
    all: true,
    buffer: false,
    env: { FORCE_COLOR: '0', ...env },
  });
  const group = child.pid;
  if (group === undefined) return { ...failedToStart(file), tookMs: 0 };
  runningGroups.add(group);

  const output = keepEnd(child.all, OUTPUT_CHARS_MAX);
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    killGroup(group);
  }, deadlineMs);
  const { exitCode, signal } = await child;
  clearTimeout(deadline);
  const orphans = !late && !(await groupEnds(group));
  killGroup(group);
  runningGroups.delete(group);

  const printed = output();
  const result = findResultLine(printed);
  const complaints = judge(result, { exitCode, signal, orphans, lateAfterMs: late ? deadlineMs : undefined });
  return {
    file,
    result: result ?? NOTHING_RUN,
    complaints,
    output: withoutResultLine(printed).trimEnd(),
    tookMs: performance.now() - startedAt,
  };
}

interface Ending {
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
  if (result === undefined) complaints.push('no result line: the file does not use the harness, or died');
  else {
    const run = result.passed + result.failed.length + result.skipped.length;
    if (result.declared === 0) complaints.push('no test is declared');
    if (run < result.declared) complaints.push(`${result.declared} tests declared, ${run} run`);
    complaints.push(...result.failed.map(({ title }) => title));
  }
  if (ending.signal !== undefined) complaints.push(`ended by ${ending.signal}`);
  else if (ending.exitCode !== 0 && !result?.failed.length) complaints.push(`exit code ${ending.exitCode}`);
  if (ending.orphans) complaints.push('left a process behind');
  return complaints;
}

function failedToStart(file: TestFile): Omit<FileReport, 'tookMs'> {
  return { file, result: NOTHING_RUN, complaints: ['the process could not be started'], output: '' };
}

function keepEnd(stream: AsyncIterable<unknown> & NodeJS.ReadableStream, charsMax: number): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > 2 * charsMax) text = text.slice(-charsMax);
  });
  return () => text.slice(-charsMax);
}
