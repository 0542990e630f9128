/** `zklab bench driver`: what the load driver can do on this machine, and whether that is enough. */
import { formatNumber } from '../../../results/number-text.ts';
import { EXIT_CODES, type ExitCode } from '../../../results/verdicts.ts';
import { fittedTable, outputColumns, type Terminal } from '../../terminal.ts';
import { type DriverFigure, type JudgedFigure, judgeFigure } from './driver-bars.ts';
import { measureCapacity } from './driver-capacity.ts';

export interface DriverOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly json?: boolean;
  readonly signal: AbortSignal;
}

/** The exit code is 1 when a bar is missed, and 3 when one was not decided. @throws LoadError */
export async function benchDriver(terminal: Terminal, options: DriverOptions): Promise<ExitCode> {
  const { json = false, signal, ...more } = options;
  const measured = await measureCapacity({
    ...more,
    signal,
    onLoad: what => terminal.progress(`driver: ${what}`),
  });
  return presentFigures(terminal, measured, { json, endedEarly: signal.aborted });
}

export function presentFigures(
  terminal: Terminal,
  measured: readonly DriverFigure[],
  { json, endedEarly }: { readonly json: boolean; readonly endedEarly: boolean },
): ExitCode {
  const figures = measured.map(judgeFigure);
  if (json) terminal.json({ figures, endedEarly });
  else {
    const head = ['figure', 'mean', 'interval', 'n', 'unit', 'bar', ''];
    terminal.print(fittedTable(figures.map(rowOf), outputColumns(), head));
    for (const { what, voidRounds } of figures)
      if (voidRounds > 0)
        terminal.print(`${what}: in ${voidRounds} rounds the machine held the driver up; they do not count`);
    if (endedEarly) terminal.print('the measurement ended early');
  }
  if (figures.some(({ verdict }) => verdict === 'missed')) return EXIT_CODES.failed;
  return endedEarly || figures.some(({ verdict }) => verdict === 'not shown')
    ? EXIT_CODES.void
    : EXIT_CODES.holds;
}

function rowOf({ what, mean, low, high, n, unit, bar, verdict }: JudgedFigure): string[] {
  const end = (value: number | null) => (value === null ? '?' : formatNumber(value));
  const barText =
    bar?.low !== undefined
      ? `at least ${formatNumber(bar.low)}`
      : bar?.high !== undefined
        ? `at most ${formatNumber(bar.high)}`
        : '';
  return [what, end(mean), `${end(low)} to ${end(high)}`, String(n), unit, barText, verdict ?? ''];
}
