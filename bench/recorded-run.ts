/** A run from start to end: its folder, and its events, which go to `events.ndjson` and to all listeners. */
import { rmSync } from 'node:fs';
import { EVENTS_VERSION, EventBus, EventLog, type EventSink, type RunEvent } from '../results/events.ts';
import { createRun, RUNS_ROOT, type RunDirectory } from '../results/store.ts';
import { cleanUpWithLab } from './hosts/end-with-lab.ts';
import { progressOn } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface RecordedRun extends RunDirectory {
  readonly startedAt: Date;
  readonly events: EventSink;
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

/**
 * Passes a run to `body`. A run without a result, because it failed, was interrupted or ended with the lab,
 * leaves no folder either, because it would be listed as a damaged run.
 */
export async function recordRun<T>(
  terminal: Terminal,
  { name, json, root = RUNS_ROOT, eventsAlone = false }: RecordOptions,
  body: (run: RecordedRun) => Promise<T>,
): Promise<T> {
  const startedAt = new Date();
  const run = await createRun(name, startedAt, root);
  const log = new EventLog(run.path);
  const events = new EventBus([log.write, progressOn(terminal, process.stderr.isTTY === true && !json)]);
  const remove = () => rmSync(run.path, { recursive: true, force: true });
  let isKept = eventsAlone;
  const forget = cleanUpWithLab(() => {
    if (!isKept) remove();
  });
  try {
    return await body({
      ...run,
      startedAt,
      events,
      plan: plan => events.emit({ kind: 'plan', version: EVENTS_VERSION, run: run.id, ...plan }),
      async write(result) {
        const file = await run.write(result);
        isKept = true;
        return file;
      },
    });
  } finally {
    log.close();
    forget();
    if (!isKept) remove();
  }
}
