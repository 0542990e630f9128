/** The end of a judged run: writes its result and report, and prints them. */
import type { ComparisonDocument } from '../results/comparison.ts';
import type { Result } from '../results/schema.ts';
import { EXIT_CODES, type ExitCode, exitCodeOf } from '../results/verdicts.ts';
import type { RecordedRun } from './recorded-run.ts';
import type { Terminal } from './terminal.ts';

/** Renders a result. It is passed in, because this folder may not import dashboards/. */
export interface Views {
  report(result: Result): Promise<string>;
  table(result: Result): string;
}

/** Renders a comparison for people and for other programs. */
export interface ComparisonViews {
  /** @param all also the rows that are no primary metric */
  text(document: ComparisonDocument, all: boolean): string;
  markdown(document: ComparisonDocument): string;
  html(document: ComparisonDocument): Promise<string>;
  /** One test case for each item of the gate. */
  junit(document: ComparisonDocument): string;
}

export interface Presentation {
  readonly terminal: Terminal;
  readonly views: Views;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Printed for a run that was interrupted before there was anything to judge. */
  readonly nothingJudged: string;
}

/**
 * Writes the result that `measure` returns, and its report, and prints them.
 * @throws whatever `measure` throws, unless it was interrupted
 */
export async function present(
  run: RecordedRun,
  { terminal, views, json, signal, nothingJudged }: Presentation,
  measure: () => Promise<Result>,
): Promise<ExitCode> {
  let result: Result;
  try {
    result = await measure();
  } catch (error) {
    if (!signal.aborted) throw error;
    if (json) terminal.progress(nothingJudged);
    else terminal.print(nothingJudged);
    return EXIT_CODES.void;
  }
  const { lines, isStored } = await stored(run, terminal, result, async () => [
    `report: ${await run.writeText('report.html', await views.report(result))}`,
  ]);
  if (json) terminal.json(result);
  else terminal.print([views.table(result), ...lines].join('\n'));
  return isStored ? exitCodeOf(result) : EXIT_CODES.failed;
}

export interface Stored {
  /** Where the result is, for the end of the answer; the document itself if it could not be stored. */
  readonly lines: readonly string[];
  /** False: something of it could not be stored, which the terminal was told. */
  readonly isStored: boolean;
}

/**
 * Writes the result into the folder of its run. What cannot be stored is printed, so that nothing measured is
 * lost.
 * @param more writes what belongs beside the result, and returns lines about it
 */
export async function stored(
  run: RecordedRun,
  terminal: Terminal,
  result: Result,
  more: () => Promise<readonly string[]> = async () => [],
): Promise<Stored> {
  const problem = run.eventsProblem();
  if (problem !== undefined) terminal.error(`zklab: events of this run could not be stored: ${problem}`);
  let lines: readonly string[];
  try {
    lines = [`result: ${await run.write(result)}`];
  } catch (error) {
    terminal.error(`zklab: the result could not be stored, so it is printed: ${(error as Error).message}`);
    return { lines: [JSON.stringify(result)], isStored: false };
  }
  try {
    return { lines: [...lines, ...(await more())], isStored: problem === undefined };
  } catch (error) {
    terminal.error(`zklab: the report could not be written: ${(error as Error).message}`);
    return { lines, isStored: false };
  }
}
