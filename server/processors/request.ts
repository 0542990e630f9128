import type { TxnResult } from '../tree/txn-result.ts';
import type { Id } from '../wire/acl.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnHeader } from '../wire/txn.ts';

/** Where a request came from, and where its answer goes. */
export interface RequestOrigin {
  /**
   * Called once, in the order in which the origin submitted its requests. `result` is null for a sync, which
   * changes nothing.
   */
  complete(request: Request, result: TxnResult | null): void;
}

/** A client operation on its way to a transaction. Reads never become one. */
export class Request {
  readonly sessionHigh: number;
  readonly sessionLow: number;
  readonly cxid: number;
  readonly op: number;
  /** The body of the operation is `bytes[start, end)`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /**
   * `bytes` is this request's alone, with room around it. Once it is proposed, its transaction may stand
   * there instead: `bytes[start, end)` is not the body any more then, except for that of a multi.
   */
  readonly isRoomy: boolean;
  /** The server or learner handler through which the client is connected. @see SessionTracker.check */
  readonly owner: object;
  /** Null when nobody waits for the answer, from the beginning or by now. */
  origin: RequestOrigin | null;
  /** The identities that the client has proven. Read only when an ACL is not open to the world. */
  readonly identities: () => readonly Id[];
  /** Monotonic ms at which the request arrived. */
  readonly arrivedMs: number;

  header: TxnHeader | null = null;
  /** The session is unknown to this leader, so it may own no ephemerals. */
  isLocalSession = false;

  constructor(fields: {
    sessionHigh: number;
    sessionLow: number;
    cxid: number;
    op: number;
    bytes: Buffer;
    start: number;
    end: number;
    isRoomy: boolean;
    owner: object;
    origin: RequestOrigin | null;
    identities: () => readonly Id[];
    arrivedMs: number;
  }) {
    this.sessionHigh = fields.sessionHigh;
    this.sessionLow = fields.sessionLow;
    this.cxid = fields.cxid;
    this.op = fields.op;
    this.bytes = fields.bytes;
    this.start = fields.start;
    this.end = fields.end;
    this.isRoomy = fields.isRoomy;
    this.owner = fields.owner;
    this.origin = fields.origin;
    this.identities = fields.identities;
    this.arrivedMs = fields.arrivedMs;
  }
}

/** A request of the server itself, for whose answer nobody waits. */
export function ownRequest(
  op: number,
  session: { readonly sessionHigh: number; readonly sessionLow: number },
  bytes: Buffer,
  owner: object,
  arrivedMs: number,
): Request {
  const { sessionHigh, sessionLow } = session;
  const from = { owner, origin: null, identities: () => NO_IDENTITIES, arrivedMs };
  const body = { bytes, start: 0, end: bytes.length, isRoomy: false };
  return new Request({ sessionHigh, sessionLow, cxid: 0, op, ...body, ...from });
}

const NO_IDENTITIES: readonly Id[] = [];

export function isCreate(op: number): boolean {
  return (
    op === OpCode.create || op === OpCode.create2 || op === OpCode.createContainer || op === OpCode.createTTL
  );
}

/**
 * True for operations that become transactions. This is the only such list: it says what a learner forwards,
 * what waits for a commit, and what a read-only server refuses. Upstream had several, and they diverged. @see
 * ZOOKEEPER-1851
 */
export function isWrite(op: number): boolean {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.deleteContainer:
    case OpCode.setData:
    case OpCode.setACL:
    case OpCode.multi:
    case OpCode.reconfig:
    case OpCode.createSession:
    case OpCode.closeSession:
      return true;
    default:
      return false;
  }
}
