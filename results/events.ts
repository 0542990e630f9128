/**
 * The events of a run, one line of NDJSON each, written as they happen to `events.ndjson` in the folder of
 * the run. The file survives a killed run, and others can read it while it grows.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { VALIDITIES } from './schema.ts';
import { count, text } from './schema-values.ts';
import { StoreError } from './store-error.ts';

/** Incremented whenever an older reader would misread a newer file. The first event of a file contains it. */
export const EVENTS_VERSION = 1;
export const EVENTS_FILE = 'events.ndjson';

/** `at`: ms since 1970. */
const when = <K extends string>(kind: K) => ({ at: z.number(), kind: z.literal(kind) });
const place = { topology: text, condition: text, round: count };

const eventSchema = z.discriminatedUnion('kind', [
  /** The first event of a run: what will be done. */
  z.strictObject({
    ...when('plan'),
    version: z.literal(EVENTS_VERSION),
    run: text,
    suite: text,
    seed: z.union([z.int(), text]),
    claims: z.array(text),
    topologies: z.array(z.strictObject({ name: text, shortForm: text })),
  }),
  /** Work that is no measurement: starting, warming up, stopping. */
  z.strictObject({ ...when('phase'), what: text }),
  /** An experiment begins a round, counted from 0. `of` may be more than the time allows. */
  z.strictObject({ ...when('round'), experiment: text, round: count, of: count }),
  /** One measurement of a round begins. */
  z.strictObject({ ...when('turn'), ...place, what: text, of: count }),
  /** A process of a member started or ended. */
  z.strictObject({
    ...when('member'),
    topology: text,
    member: text,
    role: text,
    state: z.enum(['up', 'down']),
    pid: count.optional(),
    /** How it ended: an exit code or a signal. */
    exit: text.optional(),
    /** Whether the lab ended it. */
    isAsked: z.boolean().optional(),
  }),
  /** A member reports another mode than before: leader, follower, observer, looking, down. */
  z.strictObject({ ...when('mode'), topology: text, member: text, from: text, to: text }),
  z.strictObject({ ...when('injected'), ...place, fault: text, links: z.array(text) }),
  /** The proof of a fault was taken at its place. */
  z.strictObject({ ...when('bitten'), ...place, fault: text, bit: z.boolean(), how: z.string() }),
  z.strictObject({ ...when('healed'), ...place, fault: text }),
  /**
   * A measured value, null when there is none, and why it does not count. It counts once its round is
   * complete.
   */
  z.strictObject({
    ...when('sample'),
    ...place,
    metric: text,
    value: z.number().nullable(),
    void: text.optional(),
  }),
  /** A seed of the simulation or the fuzzer has ended. `done` and `of` count `unit`: seeds, frames. */
  z.strictObject({
    ...when('seed'),
    seed: z.int(),
    outcome: z.enum(['passed', 'failed', 'unknown']),
    counts: z.record(text, z.number()),
    reasons: z.array(text),
    done: count,
    of: count,
    unit: text,
  }),
  /** A micro-benchmark has ended: the median time of an operation, over `n` calls. */
  z.strictObject({ ...when('task'), task: text, nsPerOperation: z.number(), n: count }),
  /** A message worth a line in a log. */
  z.strictObject({ ...when('note'), text }),
  z.strictObject({ ...when('verdict'), claim: text, verdict: text, reason: text }),
  /** The judgement of a checker about the history of a workload. */
  z.strictObject({
    ...when('judgement'),
    checker: text,
    valid: z.enum(VALIDITIES),
    checked: count,
    reasons: z.array(text),
  }),
]);

export type RunEvent = z.infer<typeof eventSchema>;

/** An event before it gets its time. */
export type EventDraft = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'at'> : never) : never;

/** Where the parts of a run report what happens. */
export interface EventSink {
  emit(event: EventDraft): void;
}

export const NO_EVENTS: EventSink = { emit: () => {} };

/** Adds the time to events, and passes each to all listeners in order. */
export class EventBus implements EventSink {
  readonly #listeners: readonly ((event: RunEvent) => void)[];
  readonly #now: () => number;

  constructor(listeners: readonly ((event: RunEvent) => void)[], now = Date.now) {
    this.#listeners = listeners;
    this.#now = now;
  }

  emit(draft: EventDraft): void {
    const event = { at: this.#now(), ...draft } as RunEvent;
    for (const listener of this.#listeners) listener(event);
  }
}

/**
 * Appends to the events of a run. Each line is written at once, so a killed lab loses none. A full disk does
 * not end what is measured: the rest of the events is left out, and `problem` says so.
 */
export class EventLog {
  #descriptor: number | undefined;
  #problem: string | undefined;

  constructor(runFolder: string) {
    this.#descriptor = openSync(join(runFolder, EVENTS_FILE), 'a');
  }

  /** Why events are missing from the file; undefined when none is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  readonly write = (event: RunEvent): void => {
    if (this.#descriptor === undefined || this.#problem !== undefined) return;
    try {
      writeSync(this.#descriptor, `${JSON.stringify(event)}\n`);
    } catch (error) {
      this.#problem = (error as Error).message;
    }
  };

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/**
 * The events of a run so far. An incomplete last line is left out.
 * @throws StoreError 'missing', 'other version', 'invalid'
 */
export function readEvents(runFolder: string): RunEvent[] {
  const file = join(runFolder, EVENTS_FILE);
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new StoreError('missing', `${file} cannot be read: ${(error as Error).message}`);
  }
  return content
    .slice(0, content.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(line => line !== '')
    .map((line, index) => parseEvent(line, `${file}, line ${index + 1}`));
}

function parseEvent(line: string, origin: string): RunEvent {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch (error) {
    throw new StoreError('invalid', `${origin} is not JSON: ${(error as Error).message}`);
  }
  const version = (document as { version?: unknown } | null)?.version ?? EVENTS_VERSION;
  if (version !== EVENTS_VERSION)
    throw new StoreError(
      'other version',
      `${origin} has version ${version}; this version of zklab reads ${EVENTS_VERSION}`,
    );
  const parsed = eventSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new StoreError(
    'invalid',
    `${origin} is not an event of a run: ${issue?.path.join('.') || '(top)'}: ${issue?.message}`,
  );
}
