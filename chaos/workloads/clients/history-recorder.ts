import type { ReconfigRequest } from '../../../server/wire/requests.ts';
import { type HistoryEvent, isWrite, type MultiPart, type OperationName } from '../../checkers/history.ts';
import type { OpenedSession, ReaderConnection, ReaderState } from '../../checkers/read-only-record.ts';
import type { SessionRecord, WatchEventName, WatchKind } from '../../checkers/run-record.ts';

export interface Invocation {
  readonly process: number;
  readonly session: string;
  readonly f: OperationName;
  readonly path: string;
  readonly value?: string;
  readonly version?: number;
  readonly flags?: number;
  readonly parts?: readonly MultiPart[];
  readonly watch?: boolean;
  readonly dueMs?: number;
  readonly byRecipe?: true;
  /** Of a reconfig. */
  readonly asked?: ReconfigRequest;
}

export type Completion = Pick<
  HistoryEvent,
  | 'value'
  | 'zxid'
  | 'mzxid'
  | 'version'
  | 'created'
  | 'children'
  | 'error'
  | 'readOnly'
  | 'unagreed'
  | 'server'
>;

/** What clients reach; see `simulation/marks.ts`. */
export const CLIENT_MARKS = [
  'watch: event',
  'watch: set again after a move',
  'read-only: session opened',
  'read-only: read',
  'read-only: write refused',
  'read-only: watch event',
] as const;

export type ClientMark = (typeof CLIENT_MARKS)[number];

/** Where a run takes place: a simulated world, or real processes in real time. */
export interface RecordedWorld {
  readonly time: { readonly nowMs: number };
  note(who: string, what: () => string): void;
  /** Gets each event of the history, as it happens. */
  readonly keep?: (event: HistoryEvent) => void;
  readonly marks?: { reach(mark: ClientMark): void };
  readonly moments?: { reach(moment: 'ack'): void };
}

/** A connection that goes on. */
export type OpenConnection = {
  -readonly [K in Exclude<keyof ReaderConnection, 'states'>]: ReaderConnection[K];
} & {
  readonly states: ReaderState[];
};

/** Records the history of a run, and writes each of its events into the trace. */
export class HistoryRecorder {
  readonly history: HistoryEvent[] = [];
  /** The checker of watches judges by these. */
  readonly sessionRecords: SessionRecord[] = [];
  readonly openedSessions: OpenedSession[] = [];
  /** Those of clients that may be read-only, at the servers that show them nothing but what is agreed on. */
  readonly readerConnections: ReaderConnection[] = [];
  readonly #world: RecordedWorld;
  #operations = 0;
  #acknowledgedWrites = 0;

  constructor(world: RecordedWorld) {
    this.#world = world;
  }

  get nowMs(): number {
    return this.#world.time.nowMs;
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
    this.#add({ ...this.#stamp(), operation, type, process, session, f, path, ...completion });
    if (type === 'ok' && isWrite(f)) {
      this.#acknowledgedWrites++;
      this.#world.moments?.reach('ack');
    }
    if (completion.readOnly === true) this.#markReadOnly(type, f);
    const { zxid = 0 } = completion;
    if (zxid === 0) return;
    const timeMs = this.#world.time.nowMs;
    this.sessionRecords.push({ session, timeMs, kind: 'reply', zxid });
    const watch = type === 'ok' ? watchLeftBy(invocation, completion) : undefined;
    if (watch !== undefined) this.sessionRecords.push({ session, timeMs, kind: 'armed', watch, path, zxid });
  }

  #markReadOnly(type: 'ok' | 'fail' | 'info', f: OperationName): void {
    if (isWrite(f) && type === 'fail') this.#world.marks?.reach('read-only: write refused');
    else if (!isWrite(f) && type === 'ok') this.#world.marks?.reach('read-only: read');
  }

  event(
    process: number,
    session: string,
    event: WatchEventName,
    path: string,
    state: ReaderState = 'connected',
  ): void {
    this.sessionRecords.push({ session, timeMs: this.#world.time.nowMs, kind: 'event', event, path });
    this.#world.marks?.reach('watch: event');
    if (state === 'read-only') this.#world.marks?.reach('read-only: watch event');
    this.#world.note(`client${process}`, () => `event ${event} ${path}`);
  }

  /** A server has opened a new session. */
  opened(session: string, member: string, state: ReaderState): void {
    this.openedSessions.push({ session, member, timeMs: this.#world.time.nowMs });
    if (state === 'read-only') this.#world.marks?.reach('read-only: session opened');
  }

  /** A connection of a client that may be read-only. The returned record may still be written to. */
  readerConnected(process: number, session: string, member: string, state: ReaderState): OpenConnection {
    const connection: OpenConnection = {
      ...{ process, session, member, fromMs: this.#world.time.nowMs, untilMs: Number.POSITIVE_INFINITY },
      ...{ reason: null, wasWanted: false, states: [state] },
    };
    this.readerConnections.push(connection);
    return connection;
  }

  /** The session has a new connection, on which it sets its watches of these kinds again. */
  moved(session: string, kept: readonly WatchKind[]): void {
    this.sessionRecords.push({ session, timeMs: this.#world.time.nowMs, kind: 'moved', kept });
    if (kept.length > 0) this.#world.marks?.reach('watch: set again after a move');
  }

  #stamp(): { index: number; timeMs: number } {
    return { index: this.history.length, timeMs: this.#world.time.nowMs };
  }

  #add(event: HistoryEvent): void {
    this.history.push(event);
    this.#world.keep?.(event);
    this.#world.note(`client${event.process}`, () => describe(event));
  }
}

/** A client leaves a data watch on a znode that exists, and an exist watch on one that does not. */
export function watchLeftBy(
  { f, watch }: Pick<Invocation, 'f' | 'watch'>,
  { value, version }: Completion,
): WatchKind | undefined {
  if (watch !== true) return undefined;
  if (value === null && version === undefined) return f === 'exists' ? 'exist' : undefined;
  return f === 'getChildren' ? 'child' : 'data';
}

function describe(event: HistoryEvent): string {
  let text = `${event.operation} ${event.type} ${event.f} ${event.path}`;
  if (event.version !== undefined) text += ` version ${event.version}`;
  if (event.created !== undefined) text += ` as ${event.created}`;
  if (event.children !== undefined) text += ` [${event.children.join(' ')}]`;
  if (event.parts !== undefined) text += ` ${JSON.stringify(event.parts)}`;
  if (event.asked !== undefined) text += ` ${JSON.stringify(event.asked)}`;
  if (event.watch === true) text += ' watch';
  if (event.value !== undefined) text += ` ${JSON.stringify(event.value)}`;
  if (event.zxid !== undefined) text += ` zxid ${event.zxid.toString(16)}`;
  if (event.mzxid !== undefined) text += ` mzxid ${event.mzxid.toString(16)}`;
  if (event.error !== undefined) text += ` ${event.error}`;
  if (event.readOnly === true) text += ' read-only';
  return text;
}
