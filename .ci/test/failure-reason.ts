/** Lines for one failure in the list at the end of a run. Of a long log, people see only the end. */
const REASON_LINES_MAX = 14;
const FRAMES_MAX = 3;
const LINE_CHARS_MAX = 240;
const FRAME = /^\s+at /;
const FRAME_OF_OTHERS = /node:|\/node_modules\/|\/\.ci\/test\/(harness|until|test-main)\./;

/**
 * A short form of what was thrown: message, difference, causes (fast-check hides there what a property
 * threw, and uvu prints no cause), then the first frames in the project's own files.
 */
export function reasonOf(thrown: Error, root = process.cwd()): string {
  const told: string[] = [];
  const frames: string[] = [];
  for (let error: unknown = thrown, depth = 0; error instanceof Error && depth < 3; error = error.cause) {
    const lead = depth++ === 0 ? '' : 'cause: ';
    const message = error.message;
    if (!told.some(line => line.includes(message))) told.push(...lines(lead + message));
    told.push(...lines(differenceOf(error)));
    frames.unshift(...framesOf(error, root));
  }
  const shown = [...new Set(frames)].slice(0, FRAMES_MAX);
  return [...firstLines(told, REASON_LINES_MAX - shown.length), ...shown].join('\n');
}

/** The last lines of the output of a file, for one that ended without reporting a test. */
export function lastLines(output: string): string {
  return lines(output).slice(-REASON_LINES_MAX).join('\n');
}

/**
 * The difference that uvu computes; for a text that did not match, the text itself, because uvu computes
 * none.
 */
function differenceOf(error: Error & { details?: unknown; operator?: unknown; actual?: unknown }): string {
  if (typeof error.details === 'string') return error.details;
  const unmatched = error.operator === 'match' || error.operator === 'not.match';
  return unmatched ? `actual: ${error.actual}` : '';
}

function framesOf({ stack }: Error, root: string): string[] {
  return (stack ?? '')
    .split('\n')
    .filter(line => FRAME.test(line) && !FRAME_OF_OTHERS.test(line))
    .map(line => line.trim().replaceAll('file://', '').replaceAll(`${root}/`, ''));
}

function firstLines(all: readonly string[], linesMax: number): string[] {
  if (all.length <= linesMax) return [...all];
  return [...all.slice(0, linesMax - 1), `(${all.length - linesMax + 1} more lines)`];
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => (line.length > LINE_CHARS_MAX ? `${line.slice(0, LINE_CHARS_MAX)}...` : line).trimEnd())
    .filter(line => line !== '');
}
