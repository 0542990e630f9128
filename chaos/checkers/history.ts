import type { ReconfigRequest } from '../../server/wire/requests.ts';

/**
 * A history: what clients requested and what they were answered, in the order in which it happened.
 *
 * Each operation is an `invoke` and at most one completion: `ok` (it happened), `fail` (it did not and never
 * will) or `info` (nobody knows: the connection broke first). An operation without completion is an `info`.
 */
export type EventType = 'invoke' | 'ok' | 'fail' | 'info';

export type OperationName =
  | 'create'
  | 'setData'
  | 'delete'
  | 'multi'
  | 'closeSession'
  | 'getData'
  | 'exists'
  | 'getChildren'
  | 'sync'
  | 'reconfig';

/** One operation of a multi. */
export interface MultiPart {
  readonly f: 'create' | 'setData' | 'delete' | 'check';
  readonly path: string;
  readonly value?: string;
  /** -1: any. */
  readonly version?: number;
  /** Of a create: its CreateMode; see `HistoryEvent.flags`. */
  readonly flags?: number;
}

export interface HistoryEvent {
  /** Position in the history. */
  readonly index: number;
  readonly timeMs: number;
  /** The client. It may have had several sessions. */
  readonly process: number;
  /** Number of the operation, unique in the history. It joins an invoke with its completion. */
  readonly operation: number;
  readonly type: EventType;
  readonly f: OperationName;
  readonly path: string;
  /** Session id in hexadecimal. */
  readonly session: string;
  /** Invoke of a write: the data. Ok of a read: the data, null when the znode does not exist. */
  readonly value?: string | null;
  /** From the reply header: the last transaction that this server had applied; for a write, its own. */
  readonly zxid?: number;
  /** From the Stat of a successful read. */
  readonly mzxid?: number;
  /**
   * Of a successful read or setData: the version in the Stat. Of the invoke of a write: the expected version;
   * -1 or undefined accepts any.
   */
  readonly version?: number;
  /** Of the invoke of a create: its CreateMode (1 ephemeral, 2 sequential, 3 both; undefined: persistent). */
  readonly flags?: number;
  /**
   * Of a successful create: the path of the new znode. For a sequential znode it differs from the requested
   * path.
   */
  readonly created?: string;
  readonly parts?: readonly MultiPart[];
  /** Of a successful getChildren. */
  readonly children?: readonly string[];
  /** Of the invoke of a reconfig. Its ok has the text of the new configuration as value. */
  readonly asked?: ReconfigRequest;
  /** Of the invoke of a read: whether it leaves a watch. */
  readonly watch?: boolean;
  /** Of an invoke: when the load meant to send it. Absent when that was less than 1 ms before. */
  readonly dueMs?: number;
  /**
   * Of the invoke of a create or a delete: the recipe of the client did it, to take or to release a lock. The
   * create was answered when the lock was held.
   */
  readonly byRecipe?: true;
  /** Of an answer: the server that gave it, as "host:port". */
  readonly server?: string;
  /** Of a fail: the name of the error code. Of an info: why the outcome is unknown. */
  readonly error?: string;
  /** Of a completion: the client knew its server to be read-only from the request to the answer. */
  readonly readOnly?: true;
  /** Of a completion: the server may show what no quorum has accepted, as upstream's read-only one does. */
  readonly unagreed?: true;
}

export interface Operation {
  readonly invoke: HistoryEvent;
  /** Undefined when the history ends first. */
  readonly completion: HistoryEvent | undefined;
}

export type Outcome = 'ok' | 'fail' | 'info';

export function outcomeOf(operation: Operation): Outcome {
  const type = operation.completion?.type;
  return type === 'ok' || type === 'fail' ? type : 'info';
}

/** Several checkers read one history, one after the other. It may have grown in between. */
const JOINED = new WeakMap<
  readonly HistoryEvent[],
  { readonly length: number; readonly operations: readonly Operation[] }
>();

/**
 * Returns operations in the order of their invocation. @throws on a completion without an invoke, and on a
 * second one
 */
export function operationsOf(history: readonly HistoryEvent[]): readonly Operation[] {
  const known = JOINED.get(history);
  if (known?.length === history.length) return known.operations;
  const operations = joined(history);
  JOINED.set(history, { length: history.length, operations });
  return operations;
}

function joined(history: readonly HistoryEvent[]): Operation[] {
  const byNumber = new Map<number, { invoke: HistoryEvent; completion: HistoryEvent | undefined }>();
  for (const event of history) {
    const open = byNumber.get(event.operation);
    if (event.type === 'invoke' && open === undefined) {
      byNumber.set(event.operation, { invoke: event, completion: undefined });
    } else if (event.type !== 'invoke' && open !== undefined && open.completion === undefined) {
      open.completion = event;
    } else {
      throw new Error(
        `history event ${event.index}: ${event.type} of operation ${event.operation} is out of place`,
      );
    }
  }
  return [...byNumber.values()];
}

export function isWrite(f: OperationName): boolean {
  return WRITES.has(f);
}

/** Whether a create of this mode makes an ephemeral znode. */
export function isEphemeral(flags: number | undefined): boolean {
  return flags !== undefined && (flags & 1) !== 0;
}

/** Whether the request asks for an ephemeral znode, alone or in a part of a multi. */
export function asksForEphemeral({ f, flags, parts = [] }: HistoryEvent): boolean {
  return (
    (f === 'create' && isEphemeral(flags)) ||
    parts.some(part => part.f === 'create' && isEphemeral(part.flags))
  );
}

const WRITES: ReadonlySet<OperationName> = new Set([
  'create',
  'setData',
  'delete',
  'multi',
  'closeSession',
  'reconfig',
]);
