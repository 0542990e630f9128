/** A run from start to end: its folder, and its events, which go to `events.ndjson` and to all listeners. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  EVENTS_FILE,
  EVENTS_VERSION,
  EventBus,
  EventLog,
  type EventSink,
  type RunEvent,
} from '../results/events.ts';
import { RUNS_ROOT } from '../results/runs-root.ts';
import { createRun, type RunDirectory } from '../results/store.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { cleanUpWithLab } from './hosts/end-with-lab.ts';
import { progressOn } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export interface RecordedRun extends RunDirectory {
  readonly startedAt: Date;
  readonly events: EventSink;
  /** Why events of the run are missing from its folder; undefined when none is. */
  eventsProblem(): string | undefined;
  /** Emits the plan of the run, the first of its events. */
  plan(plan: Omit<Extract<RunEvent, { kind: 'plan' }>, 'at' | 'kind' | 'version' | 'run'>): void;
}

export interface RecordOptions {
  readonly name: string;
  /** A document is printed, so progress is limited to notes. */
  readonly json: boolean;
  /** @default RUNS_ROOT */
  readonly root?: string | undefined;
  /** A run of this kind has no result, so its events are kept without one. @default false */
  readonly eventsAlone?: boolean;
}

/** The exit code of a run whose events are its only record: a failure when the disk did not take them. */
export function unlessUnstored(terminal: Terminal, problem: string | undefined, code: ExitCode): ExitCode {
  if (problem === undefined) return code;
  terminal.error(`zklab: events of this run could not be stored: ${problem}`);
  return EXIT_CODES.failed;
}

/** Events with something measured: a run that has one is never removed. */
const MEASURED: readonly RunEvent['kind'][] = ['injected', 'sample', 'judgement', 'seed'];

/**
 * Passes a run to `body`. A run that measured something keeps its folder, with the events, even if it failed,
 * was interrupted or ended with the lab. One that measured nothing and has no result leaves no folder. A
 * usage error is no run at all.
 */
export async function recordRun<T>(
  terminal: Terminal,
  { name, json, root = RUNS_ROOT, eventsAlone = false }: RecordOptions,
  body: (run: RecordedRun) => Promise<T>,
): Promise<T> {
  const startedAt = new Date();
  const run = await createRun(name, startedAt, root);
  const log = new EventLog(run.path);
  let isKept = eventsAlone;
  let hasMeasured = false;
  const notice = ({ kind }: RunEvent) => {
    hasMeasured ||= MEASURED.includes(kind);
  };
  const show = progressOn(terminal, process.stderr.isTTY === true && !json);
  const events = new EventBus([log.write, notice, show]);
  const removeUnlessKept = () => {
    if (!isKept && !hasMeasured) rmSync(run.path, { recursive: true, force: true });
  };
  const forget = cleanUpWithLab(removeUnlessKept);
  try {
    return await body({
      ...run,
      startedAt,
      events,
      eventsProblem: () => log.problem,
      plan: plan => events.emit({ kind: 'plan', version: EVENTS_VERSION, run: run.id, ...plan }),
      async write(result) {
        const file = await run.write(result);
        isKept = true;
        return file;
      },
    });
  } catch (error) {
    if (error instanceof UsageError) isKept = false;
    throw error;
  } finally {
    log.close();
    forget();
    removeUnlessKept();
    if (!isKept && hasMeasured)
      terminal.progress(`what was measured until then is in ${join(run.path, EVENTS_FILE)}`);
  }
}
