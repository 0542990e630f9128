import type { HistoryEvent, OperationName } from '../checkers/history.ts';

export interface Invocation {
  readonly process: number;
  readonly session: string;
  readonly f: OperationName;
  readonly path: string;
  readonly value?: string;
}

export type Completion = Pick<HistoryEvent, 'value' | 'zxid' | 'mzxid' | 'version' | 'error'>;

/** Where a run happens: a simulated world, or real processes on the wall's time. */
export interface RecordedWorld {
  readonly time: { readonly nowMs: number };
  note(who: string, what: string): void;
}

/** Writes the history of a run, and each event of it into the trace. */
export class Recorder {
  readonly history: HistoryEvent[] = [];
  readonly #world: RecordedWorld;
  #operations = 0;
  #acknowledgedWrites = 0;

  constructor(world: RecordedWorld) {
    this.#world = world;
  }

  get acknowledgedWrites(): number {
    return this.#acknowledgedWrites;
  }

  invoke(invocation: Invocation): number {
    const operation = this.#operations++;
    this.#add({ ...this.#stamp(), operation, type: 'invoke', ...invocation });
    return operation;
  }

  complete(
    operation: number,
    type: 'ok' | 'fail' | 'info',
    invocation: Invocation,
    completion: Completion,
  ): void {
    const { process, session, f, path } = invocation;
    if (type === 'ok' && f !== 'getData' && f !== 'sync') this.#acknowledgedWrites++;
    this.#add({ ...this.#stamp(), operation, type, process, session, f, path, ...completion });
  }

  #stamp(): { index: number; timeMs: number } {
    return { index: this.history.length, timeMs: this.#world.time.nowMs };
  }

  #add(event: HistoryEvent): void {
    this.history.push(event);
    this.#world.note(`client${event.process}`, describe(event));
  }
}

function describe(event: HistoryEvent): string {
  let text = `${event.operation} ${event.type} ${event.f} ${event.path}`;
  if (event.value !== undefined) text += ` ${JSON.stringify(event.value)}`;
  if (event.zxid !== undefined) text += ` zxid ${event.zxid.toString(16)}`;
  if (event.mzxid !== undefined) text += ` mzxid ${event.mzxid.toString(16)}`;
  if (event.error !== undefined) text += ` ${event.error}`;
  return text;
}
