/**
 * What a recording asks of an ensemble before it can be replayed, and as which operations its requests count.
 */
import { OpCode } from '../../../server/wire/opcodes.ts';
import type { RecordedEvent, Recording, RequestShape } from '../../recording/recording.ts';
import { indexOf, type OperationIndex, type OperationName, operationNames } from '../workload/operations.ts';

/** The size of nodes whose size the recording does not tell, because it has no replies. */
const UNKNOWN_VALUE_BYTES = 100;

const BY_OPCODE: ReadonlyMap<number, OperationName> = new Map([
  [OpCode.getData, 'getData'],
  [OpCode.exists, 'exists'],
  [OpCode.getChildren, 'getChildren'],
  [OpCode.getChildren2, 'getChildren2'],
  [OpCode.getACL, 'getACL'],
  [OpCode.sync, 'sync'],
  [OpCode.setData, 'setData'],
  [OpCode.setACL, 'setACL'],
  [OpCode.delete, 'delete'],
  [OpCode.multi, 'multi'],
  [OpCode.multiRead, 'multiRead'],
  [OpCode.create, 'create'],
  [OpCode.create2, 'create2'],
]);

const EPHEMERAL = 1;
const SEQUENTIAL = 2;

type RequestEvent = Extract<RecordedEvent, { kind: 'request' }>;

/** As which operation a request is counted; undefined for those that are not replayed. */
export function operationOf({ shape, parts }: RequestEvent): OperationIndex | undefined {
  // A multi is replayed only as a whole: without one of its parts it would be another one.
  const isWhole = parts.every(part => part.op === OpCode.check || operationOfShape(part) !== undefined);
  return isWhole ? operationOfShape(shape) : undefined;
}

function operationOfShape({ op, flags }: RequestShape): OperationIndex | undefined {
  const name = BY_OPCODE.get(op);
  if (name === undefined || flags > (EPHEMERAL | SEQUENTIAL)) return undefined;
  if (name !== 'create') return indexOf(name);
  if ((flags & EPHEMERAL) !== 0) return indexOf('createEphemeral');
  return indexOf(flags === SEQUENTIAL ? 'createSequential' : 'create');
}

export interface ReplayPlan {
  /** Time from the first event to the last, at the recorded speed. */
  readonly lengthMs: number;
  readonly sessions: number;
  /** Requests by operation. */
  readonly mix: Partial<Record<OperationName, number>>;
  /** Requests of kinds that are not replayed. */
  readonly skipped: number;
  /** Znodes that must exist before, parents first, with the sizes of their data. */
  readonly nodes: ReadonlyMap<string, number>;
  readonly valueBytesMax: number;
}

export function replayPlan({ events }: Recording): ReplayPlan {
  const mix: Partial<Record<OperationName, number>> = {};
  let skipped = 0;
  let valueBytesMax = UNKNOWN_VALUE_BYTES;
  for (const event of events) {
    if (event.kind !== 'request') continue;
    const operation = operationOf(event);
    if (operation === undefined) skipped++;
    else {
      const name = operationNames[operation]!;
      mix[name] = (mix[name] ?? 0) + 1;
    }
    for (const { dataBytes } of shapesOf(event)) valueBytesMax = Math.max(valueBytesMax, dataBytes);
  }
  return {
    lengthMs: Math.ceil((events.at(-1)?.atUs ?? 0) / 1000),
    sessions: events.filter(({ kind }) => kind === 'open').length,
    mix,
    skipped,
    nodes: nodesBefore(events),
    valueBytesMax,
  };
}

/** A multi stands for its parts. */
function shapesOf(event: RequestEvent): readonly RequestShape[] {
  return event.parts.length > 0 ? event.parts : [event.shape];
}

/**
 * Everything that is requested and not created in the recording itself, and the parents of what is created.
 * Names that the server numbers are unknown, so requests to them fail.
 */
function nodesBefore(events: readonly RecordedEvent[]): Map<string, number> {
  const created = new Set<string>();
  const found = new Map<string, number>();
  const add = (path: string, bytes: number): void => {
    for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      // Nothing was below a node that the recording itself creates.
      if (created.has(parent)) return;
      if (!found.has(parent)) found.set(parent, 0);
    }
    if (path !== '/' && path !== '' && !created.has(path))
      found.set(path, Math.max(found.get(path) ?? 0, bytes));
  };
  const requests = events.filter(event => event.kind === 'request');
  for (const { op, path, flags } of requests
    .filter(event => operationOf(event) !== undefined)
    .flatMap(shapesOf))
    if (isCreate(op) && (flags & SEQUENTIAL) === 0) created.add(path);
  for (const { op, path, dataBytes } of requests.flatMap(shapesOf)) {
    if (isCreate(op)) add(path.slice(0, path.lastIndexOf('/')), 0);
    else add(path, op === OpCode.setData ? dataBytes : UNKNOWN_VALUE_BYTES);
  }
  return new Map([...found].sort(([a], [b]) => a.length - b.length));
}

function isCreate(op: number): boolean {
  return op === OpCode.create || op === OpCode.create2;
}
