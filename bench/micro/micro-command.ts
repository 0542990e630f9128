/** `zklab micro [FILTER]`: the micro-benchmarks as a table. */
import type { EventSink } from '../../results/events.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { recordRun, unlessUnstored } from '../recorded-run.ts';
import { fittedTable, outputColumns, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { type MicroOptions, type MicroRow, runMicro } from './micro.ts';

export interface MicroCommandOptions {
  readonly json?: boolean;
  /** Where the events of the run are kept. */
  readonly folder: string;
  /** Time for each task. */
  readonly timeMs?: number | undefined;
  readonly signal?: AbortSignal;
}

/**
 * The exit code is 3 when the run was ended early. @throws UsageError when the filter is no pattern, or
 * matches no task
 */
export async function micro(
  filter: string | undefined,
  terminal: Terminal,
  options: MicroCommandOptions,
): Promise<ExitCode> {
  const { json = false, folder, timeMs, signal } = options;
  let unstored: string | undefined;
  const rows = await recordRun(
    terminal,
    { name: 'micro', json, root: folder, eventsAlone: true },
    async ({ plan, events, eventsProblem }) => {
      plan({ suite: 'micro', seed: 0, claims: [], topologies: [] });
      const ran = await run(filter, events, {
        ...(timeMs === undefined ? {} : { timeMs }),
        ...(signal === undefined ? {} : { signal }),
      });
      unstored = eventsProblem();
      return ran;
    },
  );
  const endedEarly = signal?.aborted ?? false;
  if (json) terminal.json({ rows, endedEarly });
  else {
    terminal.print(microText(rows));
    if (endedEarly) terminal.print(`the run ended early, after ${rows.length} tasks`);
  }
  return unlessUnstored(terminal, unstored, endedEarly ? EXIT_CODES.void : EXIT_CODES.holds);
}

async function run(
  filter: string | undefined,
  events: EventSink,
  options: MicroOptions,
): Promise<MicroRow[]> {
  try {
    const pattern = filter === undefined ? undefined : new RegExp(filter, 'i');
    const emit = ({ name, nsPerOperation, n }: MicroRow) =>
      events.emit({ kind: 'task', task: name, nsPerOperation, n });
    return await runMicro(pattern, emit, options);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    if (error instanceof SyntaxError) throw new UsageError(`filter "${filter}": ${error.message}`);
    throw error;
  }
}

function microText(rows: readonly MicroRow[]): string {
  const cells = rows.map(({ name, nsPerOperation, spreadNs, operationsPerSecond, n }) => [
    name,
    nsPerOperation.toFixed(nsPerOperation < 100 ? 1 : 0),
    `±${spreadNs.toFixed(spreadNs < 100 ? 1 : 0)}`,
    Number.isFinite(operationsPerSecond) ? Math.round(operationsPerSecond).toLocaleString('en') : '-',
    String(n),
  ]);
  const warnings = rows.flatMap(row => row.warnings.map(warning => `warning: ${row.name}: ${warning}`));
  const head = ['task', 'ns', 'half within', 'per second', 'n'];
  return [fittedTable(cells, outputColumns(), head), ...warnings].join('\n');
}
