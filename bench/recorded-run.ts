/**
 * A run from its start to its end: a folder of its own, and all that happens in it as events, for
 * `events.ndjson` and for whoever waits.
 */
import { rmSync } from 'node:fs';
import { EVENTS_VERSION, EventBus, EventLog, type EventSink, type RunEvent } from '../results/events.ts';
import { createRun, RUNS_ROOT, type RunDirectory } from '../results/store.ts';
import { cleanUpWithLab } from './hosts/end-with-lab.ts';
import { progressOn } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface RecordedRun extends RunDirectory {
  readonly startedAt: Date;
  readonly events: EventSink;
  /** Emits what is to be done, the first of its events. */
  plan(plan: Omit<Extract<RunEvent, { kind: 'plan' }>, 'at' | 'kind' | 'version' | 'run'>): void;
}

export interface RecordOptions {
  readonly name: string;
  /** A document is printed, so nobody looks at more than notes. */
  readonly json: boolean;
  /** @default RUNS_ROOT */
  readonly root?: string | undefined;
  /** A run of this kind has no result: its events are kept by themselves. @default false */
  readonly eventsAlone?: boolean;
}

/**
 * Gives `body` a run. One that leaves no result, whether it fails, is interrupted or ends with the lab,
 * leaves no folder either: it would be listed as a damaged run.
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
