/**
 * Runs the tests: `node dist/.ci/test/runner.js [--unit | --ensemble] [part of a file name ...]`
 *
 * Unit tests run many files to a process; `*.ensemble.test.ts`, which start processes of their own and wait
 * for them, or play whole ensembles in virtual time for seconds, one file to a process. Each lane runs
 * several files at a time, the longest first. When both run, the unit tests take the CPU that the ensembles
 * leave. The last line is `N passed, N failed[, N skipped]`; the exit code is 0 only when files were found,
 * every one ran all it declared, and nothing failed or was left running.
 */
import { join } from 'node:path';
import type { FileReport } from './file-report.ts';
import { findTests, type Lane, type TestFile } from './find-tests.ts';
import { coresUsedBy, longestFirst, readPastTimes, readUsualTimes, savePastTimes } from './past-times.ts';
import { killGroup } from './process-group.ts';
import { javaClassesVariable } from './quick-java.ts';
import { type RunOptions, runFiles } from './run-files.ts';
import {
  failureDetail,
  lastLine,
  progressLine,
  shortFailures,
  skippedLines,
  slowestLines,
  timeLine,
} from './summary.ts';
import { runningGroups } from './test-process.ts';

const DIST = join(import.meta.dirname, '../..');

/** One more than the machines that this is tuned for have cores, because some files wait for a while. */
const UNIT_FILES_AT_A_TIME = 3;
/**
 * Ensembles are many processes, and some have limits of their own, so no more of them run beside each other
 * than keep all cores busy: two of those that compute, or three of which one mostly waits. With four, a run
 * of everything took 880 s in place of 763.
 */
const CORES = 2;
const ENSEMBLE_FILES_AT_A_TIME = 3;
const UNIT_LANE: RunOptions = {
  deadlineMs: 600_000,
  filesAtATime: UNIT_FILES_AT_A_TIME,
  shareProcesses: true,
};
/**
 * Ensembles leave some of two cores idle. At this niceness one unit test takes little more than that, and the
 * ensembles keep their own limits. With two of them at a higher niceness, which take as much, each would have
 * so little that it could miss its deadline.
 */
const UNIT_LANE_BESIDE: RunOptions = { ...UNIT_LANE, filesAtATime: 1, niceness: 5 };
const ENSEMBLE_LANE: RunOptions = {
  deadlineMs: 1_800_000,
  filesAtATime: ENSEMBLE_FILES_AT_A_TIME,
  shareProcesses: false,
};

const LANES: Readonly<Record<string, Lane>> = { '--unit': 'unit', '--ensemble': 'ensemble' };

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const options = words.filter(word => word.startsWith('-'));
  const filters = words.filter(word => !word.startsWith('-'));
  const [lane = 'all'] = options.map(option => LANES[option]);
  if (options.length > 1 || options.some(option => LANES[option] === undefined))
    return refuse(`The runner accepts one of ${Object.keys(LANES).join(' and ')}, not ${options.join(' ')}.`);
  const root = process.cwd();
  const times = readPastTimes(root);
  const usual = readUsualTimes(root);
  /** A file takes longer on a busy machine, so that it seems to wait. */
  const usedBy = (file: TestFile) => coresUsedBy(file, file.name in usual ? usual : times);
  const files = longestFirst(findTests(root, filters, lane), times);
  if (files.length === 0)
    return refuse(
      `No test file ${filters.length > 0 ? `matches ${filters.join(' or ')}` : 'stands under dist/'}.`,
    );
  endChildrenWithUs();

  const show = (report: FileReport) => showProgress(progressLine(report), report.complaints.length > 0);
  const unitFiles = files.filter(file => !file.ensemble);
  const ensembleFiles = files.filter(file => file.ensemble);
  const reports = (
    await Promise.all([
      runFiles(unitFiles, ensembleFiles.length > 0 ? UNIT_LANE_BESIDE : UNIT_LANE, show),
      runEnsembles(ensembleFiles, { ...ENSEMBLE_LANE, cores: { max: CORES, usedBy } }, show),
    ])
  ).flat();
  savePastTimes(root, reports);

  clearProgress();
  const failures = reports.filter(report => report.complaints.length > 0);
  for (const line of [
    ...failures.map(failureDetail),
    ...skippedLines(reports),
    ...slowestLines(reports),
    ...failures.flatMap(shortFailures),
    timeLine(reports, performance.now()),
  ])
    print(line);
  print(lastLine(reports));
  process.exitCode = failures.length === 0 ? 0 : 1;
}

async function runEnsembles(
  files: readonly TestFile[],
  lane: RunOptions,
  onReport: (report: FileReport) => void,
): Promise<FileReport[]> {
  if (files.length > 0) await shareJavaClasses();
  return runFiles(files, lane, onReport);
}

/** What makes the archive is loaded for ensembles only. */
async function shareJavaClasses(): Promise<void> {
  const { javaClasses } = await import('./java-classes.ts');
  const { APACHE_RELEASE } = await import('../../bench/hosts/apache/cache.ts');
  const share = async (release?: string) => {
    try {
      process.env[javaClassesVariable(release)] = (await javaClasses(DIST, release)) ?? '';
    } catch (error) {
      print(`no archive of Java classes, so JVMs start more slowly: ${(error as Error).message}`);
    }
  };
  await Promise.all([share(), share(APACHE_RELEASE)]);
}

/**
 * Ends with the last line of a failed run. Whoever reads only that line must not take silence for success.
 */
function refuse(why: string): void {
  print(why);
  print('0 passed, 1 failed');
  process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** On a terminal one line is overwritten, and only failures stay. Elsewhere each file gets a line. */
function showProgress(line: string, failed: boolean): void {
  if (process.stdout.isTTY) {
    clearProgress();
    process.stdout.write(failed ? `${line}\n` : line.slice(0, process.stdout.columns - 1));
  } else print(line);
}

function clearProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
}

/** The test files have their own process groups, which a Ctrl-C does not reach. */
function endChildrenWithUs(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const group of runningGroups) killGroup(group);
      process.kill(process.pid, signal);
    });
  }
}

await main();
