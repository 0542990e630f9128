/** The end of a judged run: writes its result and report, and prints them. */
import type { Result } from '../results/schema.ts';
import { EXIT_CODES, type ExitCode, exitCodeOf } from '../results/verdicts.ts';
import type { RecordedRun } from './recorded-run.ts';
import type { Terminal } from './terminal.ts';

/** Renders a result. It is passed in, because this folder may not import dashboards/. */
export interface Views {
  report(result: Result): Promise<string>;
  table(result: Result): string;
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
  const file = await run.write(result);
  const report = await run.writeText('report.html', await views.report(result));
  if (json) terminal.json(result);
  else {
    terminal.print(views.table(result));
    terminal.print(`result: ${file}\nreport: ${report}`);
  }
  return exitCodeOf(result);
}
