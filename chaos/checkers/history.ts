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
  | 'sync';

/** One operation of a multi. */
export interface MultiPart {
  readonly f: 'create' | 'setData' | 'delete' | 'check';
  readonly path: string;
  readonly value?: string;
  /** -1: any. */
  readonly version?: number;
}

export interface HistoryEvent {
  /** Position in the history. */
  readonly index: number;
  readonly timeMs: number;
  /** The client; it may have had several sessions. */
  readonly process: number;
  /** Number of the operation, unique in the history; what joins an invoke with its completion. */
  readonly operation: number;
  readonly type: EventType;
  readonly f: OperationName;
  readonly path: string;
  /** Session id in hexadecimal. */
  readonly session: string;
  /** Invoke of a write: the data. Ok of a read: the data, null when the znode does not exist. */
  readonly value?: string | null;
  /** Of the reply header: the last transaction this server had applied; for a write, its own. */
  readonly zxid?: number;
  /** Ok of a read, from the Stat. */
  readonly mzxid?: number;
  /**
   * Ok of a read or of setData, from the Stat. Invoke of a write: the version it asks for, -1 or none: any.
   */
  readonly version?: number;
  /** Invoke of a create: CreateMode, 1 ephemeral, 2 sequential, 3 both; none: persistent. */
  readonly flags?: number;
  /** Ok of a create: the path it was given, which for a sequential one is not what was asked. */
  readonly created?: string;
  readonly parts?: readonly MultiPart[];
  /** Ok of getChildren. */
  readonly children?: readonly string[];
  /** Invoke of a read: it leaves a watch. */
  readonly watch?: boolean;
  /** Name of the error code of a fail, or why an info is one. */
  readonly error?: string;
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

/** Operations in the order of their invocation. @throws on a completion without invoke, or a second one */
export function operationsOf(history: readonly HistoryEvent[]): Operation[] {
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

const WRITES: ReadonlySet<OperationName> = new Set(['create', 'setData', 'delete', 'multi', 'closeSession']);
