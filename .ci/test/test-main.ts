/**
 * Runs test files one after the other: those that the command line names, or those that the runner names
 * through the IPC channel. The runner names the next one when nothing of the last one runs any longer.
 */
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { cpuMs } from './cpu-time.ts';
import { reasonOf } from './failure-reason.ts';
import { beginFile, endFile, type FileRun } from './file-run.ts';
import { handlesLeftOpen, openHandles } from './open-handles.ts';
import { END_MARK, formatResultLine } from './result-line.ts';
import { clearFolders } from './temporary-folder.ts';

/** uvu then runs its queue when it is told to, and not when it is loaded. */
Object.assign(globalThis, { UVU_DEFER: true });
const uvu = await import('uvu');

const isForRunner = process.send !== undefined;
const ended: FileRun[] = [];
let file: FileRun | undefined;
let cpuAtBeginMs = cpuMs();

/** Comes also after a process.exit(0) in a test, and after an error that nobody caught. */
process.on('exit', () => {
  if (file === undefined) return;
  process.exitCode ||= file.tally.complaint() === undefined ? 0 : 1;
  report(file, true);
});

process.on('uncaughtExceptionMonitor', thrown => {
  const error = asError(thrown);
  const culprit = ended.find(each => isInStack(each, error));
  const title = culprit === undefined ? 'nobody caught' : `${culprit.name}, which ran before, did not catch`;
  file?.tally.failed.push({ title: `${title}: ${error.message}`, reason: reasonOf(error) });
});

if (isForRunner) {
  process.on('message', path => void run(String(path)));
  process.on('disconnect', () => process.exit());
} else {
  for (const path of process.argv.slice(2)) await run(resolve(path));
  process.exitCode = ended.some(({ tally }) => tally.complaint() !== undefined) ? 1 : 0;
}

async function run(path: string): Promise<void> {
  const handles = openHandles();
  const environment = { ...process.env };
  cpuAtBeginMs = cpuMs();
  file = beginFile(path);
  Object.assign(globalThis, { UVU_QUEUE: [[null]] });
  try {
    await import(pathToFileURL(path).href);
    file.started = true;
    for (const startSuite of file.suites) startSuite();
    await uvu.exec();
  } catch (thrown) {
    const error = asError(thrown);
    fail(file, `could not be run: ${error.stack}`, reasonOf(error));
  }
  const left = await handlesLeftOpen(handles);
  if (left.length > 0) fail(file, `still open after the last test: ${left.join(', ')}`);
  restoreEnvironment(environment);
  report(file, left.length > 0);
  ended.push(file);
  endFile();
  file = undefined;
  if (left.length > 0) process.exit(1);
  process.exitCode = 0;
}

/** Frames name the source or, without a source map, the compiled file. */
function isInStack({ path }: FileRun, { stack = '' }: Error): boolean {
  return stack.includes(path) || stack.includes(path.replace('/dist/', '/').replace(/js$/, 'ts'));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`threw ${inspect(thrown)}`);
}

function fail({ tally }: FileRun, what: string, reason = ''): void {
  tally.failed.push({ title: what.split('\n', 1)[0] ?? what, reason });
  process.stderr.write(`\n  FAIL  ${what}\n`);
}

/** A test may set variables for the rest of its file. */
function restoreEnvironment(before: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
}

/** Both streams end with a line that no test prints, so that the runner knows what this file printed. */
function report({ tally, folders }: FileRun, processEnds: boolean): void {
  const complaint = tally.complaint();
  if (complaint !== undefined) process.stderr.write(`\nFAIL: ${complaint}\n`);
  clearFolders(folders, complaint !== undefined);
  const { declared, passed, failed, skipped } = tally;
  const counts = { declared, passed, failed, skipped };
  process.stdout.write(formatResultLine({ ...counts, cpuMs: cpuMs() - cpuAtBeginMs, processEnds }));
  process.stderr.write(`\n${END_MARK}\n`);
}
