import { lastLines } from './failure-reason.ts';
import type { FileReport } from './file-report.ts';

const SLOW_MS = 1_000;
const SLOWEST_SHOWN = 5;

/** One line for a file that has ended. */
export function progressLine(report: FileReport): string {
  const { passed, failed, skipped } = report.result;
  const mark = report.complaints.length === 0 ? 'ok  ' : 'FAIL';
  const counts = [
    `${passed} passed`,
    failed.length > 0 && `${failed.length} failed`,
    skipped.length > 0 && `${skipped.length} skipped`,
  ];
  return `${mark} ${report.file.name} (${counts.filter(Boolean).join(', ')}, ${cost(report)})`;
}

/** What a person needs to fix a failed file: the reasons, then its whole output. */
export function failureDetail(report: FileReport): string {
  const reasons = report.complaints.map(complaint => `  - ${complaint}`);
  return [`\n=== ${report.file.name}`, ...reasons, '', report.output, ''].join('\n');
}

/** Every failure again in short form, because often only the end of a log is kept. */
export function shortFailures(report: FileReport): string[] {
  const { result, complaints, output, file } = report;
  const titles = new Set(result.failed.map(({ title }) => title));
  const ofFile = complaints.filter(complaint => !titles.has(complaint));
  const told = result.failed.map(({ title, reason }) => [title, reason]);
  if (ofFile.length > 0) told.push([ofFile.join('; '), told.length === 0 ? lastLines(output) : '']);
  return told.map(([what, reason]) => [`FAIL  ${file.name}: ${what}`, ...indented(reason)].join('\n'));
}

function indented(text = ''): string[] {
  return text === '' ? [] : text.split('\n').map(line => `        ${line}`);
}

export function skippedLines(reports: readonly FileReport[]): string[] {
  return reports.flatMap(report =>
    report.result.skipped.map(({ title, reason }) => `skipped  ${report.file.name}: ${title}: ${reason}`),
  );
}

export function slowestLines(reports: readonly FileReport[]): string[] {
  return reports
    .filter(report => report.tookMs >= SLOW_MS)
    .sort((a, b) => b.tookMs - a.tookMs)
    .slice(0, SLOWEST_SHOWN)
    .map(report => `slow  ${cost(report)}  ${report.file.name}`);
}

/** What the run cost: by the clock, and of all files together. */
export function timeLine(reports: readonly FileReport[], tookMs: number): string {
  const cpuMs = reports.reduce((sum, { result }) => sum + result.cpuMs, 0);
  return `took  ${seconds(tookMs)}, ${seconds(cpuMs)} of CPU`;
}

/** The last line of a run. A file that failed as a whole counts as one failed test. */
export function lastLine(reports: readonly FileReport[]): string {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const { result, complaints } of reports) {
    passed += result.passed;
    skipped += result.skipped.length;
    failed += result.failed.length || (complaints.length > 0 ? 1 : 0);
  }
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function cost({ tookMs, result }: FileReport): string {
  return `${seconds(tookMs)}, ${seconds(result.cpuMs)} of CPU`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
