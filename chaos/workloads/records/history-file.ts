/** A history on disk: one event a line, written while it happens. */
import { closeSync, createReadStream, existsSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { StoreError } from '../../../results/store-error.ts';
import type { HistoryEvent } from '../../checkers/history.ts';

/** In the folder of a run. */
export const HISTORY_FILE = 'history.ndjson';

/** What is not yet on disk: a lab that is killed loses at most this, or what came within `FLUSH_MS`. */
const BUFFER_CHARS_MAX = 64 * 1024;
const FLUSH_MS = 500;
/** Fractions of a microsecond say nothing, and take space. */
const MS_DIGITS = 3;

/** The fields that a completion repeats from its invoke. The file leaves them out. */
const REPEATED = ['process', 'session', 'f', 'path'] as const;

/** Writes events to a file. A disk that does not take them costs the file, not the run. */
export class HistoryFile {
  readonly path: string;
  #descriptor: number | undefined;
  #buffered = '';
  #problem: string | undefined;
  readonly #timer: NodeJS.Timeout;

  /** @throws Error when the file cannot be created */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'w');
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Why events are missing from the file; undefined when none is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  write(event: HistoryEvent): void {
    if (this.#problem !== undefined || this.#descriptor === undefined) return;
    this.#buffered += `${lineOf(event)}\n`;
    if (this.#buffered.length >= BUFFER_CHARS_MAX) this.#flush();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#flush();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #flush(): void {
    const text = this.#buffered;
    this.#buffered = '';
    if (text === '' || this.#descriptor === undefined || this.#problem !== undefined) return;
    try {
      writeSync(this.#descriptor, text);
    } catch (error) {
      this.#problem = (error as Error).message;
    }
  }
}

/** The line of one event. */
export function lineOf(event: HistoryEvent): string {
  const short: Record<string, unknown> = { ...event, timeMs: Number(event.timeMs.toFixed(MS_DIGITS)) };
  if (event.type !== 'invoke') for (const key of REPEATED) delete short[key];
  return JSON.stringify(short);
}

/**
 * Reads a history back, also from a file that was compressed to `<path>.gz`. An incomplete last line, as of a
 * lab that was killed, is left out.
 * @throws StoreError 'missing', 'damaged'
 */
export async function readHistory(path: string): Promise<HistoryEvent[]> {
  const history: HistoryEvent[] = [];
  const invokes = new Map<number, HistoryEvent>();
  const interned = new Map<string, string>();
  let number = 0;
  let broken: string | undefined;
  for await (const line of linesOf(path)) {
    number++;
    if (line === '') continue;
    if (broken !== undefined) throw new StoreError('damaged', broken);
    const event = parsed(line, invokes, interned);
    // An error only when more comes behind it.
    if (typeof event === 'string') broken = `${path}, line ${number}: ${event}`;
    else history.push(event);
  }
  return history;
}

/** Values that come again and again, of which one copy is enough. */
const INTERNED = ['session', 'path', 'server', 'error', 'f', 'type'] as const;

function parsed(
  line: string,
  invokes: Map<number, HistoryEvent>,
  interned: Map<string, string>,
): HistoryEvent | string {
  let event: Record<string, unknown>;
  try {
    event = JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    return (error as Error).message;
  }
  const operation = Number(event.operation);
  if (event.type !== 'invoke') {
    const invoke = invokes.get(operation);
    if (invoke === undefined) return `operation ${event.operation} ends and has not begun`;
    invokes.delete(operation);
    for (const key of REPEATED) event[key] = invoke[key];
  }
  for (const key of INTERNED) {
    const text = event[key];
    if (typeof text !== 'string') continue;
    const known = interned.get(text);
    if (known === undefined) interned.set(text, text);
    else event[key] = known;
  }
  const whole = event as unknown as HistoryEvent;
  if (event.type === 'invoke') invokes.set(operation, whole);
  return whole;
}

/** Lines of a file, or of its compressed form. @throws StoreError 'missing', 'damaged' */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const file = existsSync(path) ? path : `${path}.gz`;
  if (!existsSync(file)) throw new StoreError('missing', `${path} does not exist`);
  const bytes = createReadStream(file);
  const text = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  bytes.on('error', error => text.destroy(error));
  try {
    yield* createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new StoreError('damaged', `${file} cannot be read: ${(error as Error).message}`);
  } finally {
    bytes.destroy();
  }
}
