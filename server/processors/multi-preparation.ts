import { ErrorCode } from '../wire/error-codes.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { readMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { ErrorTxn, TxnBody } from '../wire/txn.ts';
import { skipPart } from './multi-parts.ts';
import type { OutstandingChanges } from './outstanding-changes.ts';
import type { Request } from './request.ts';

interface Preparing {
  /** The transaction that a part becomes, or the code that refuses it. */
  part(type: number, reader: JuteReader): TxnBody | number;
  /** Ends what `OutstandingChanges.begin` began. */
  end(body: TxnBody): TxnBody;
}

/**
 * A multi on its way to a transaction, some parts at a time: a megabyte has twenty thousand, and others want
 * answers meanwhile. All or nothing. Parts before the failing one report 0, the failing one its code, later
 * ones -2.
 */
export class MultiPreparation {
  readonly #changes: OutstandingChanges;
  readonly #preparing: Preparing;
  readonly #reader: JuteReader;
  readonly #txns: TxnBody[] = [];
  #failedAt = -1;
  #body: TxnBody | null = null;

  constructor(request: Request, changes: OutstandingChanges, preparing: Preparing) {
    this.#changes = changes;
    this.#preparing = preparing;
    this.#reader = new JuteReader(request.bytes, request.start, request.end);
  }

  /** Once it is done. */
  get body(): TxnBody {
    return this.#body!;
  }

  /**
   * So many parts more. True when all are done. @throws JuteError when it is no multi; nothing is pending
   * then
   */
  step(partsMax: number): boolean {
    try {
      for (let parts = 0; parts < partsMax; parts++) {
        const { type, done } = readMultiHeader(this.#reader);
        if (done) {
          this.#end();
          return true;
        }
        this.#part(type);
      }
      return false;
    } catch (error) {
      this.#changes.rollback();
      throw error;
    }
  }

  #part(type: number): void {
    const txns = this.#txns;
    if (this.#failedAt >= 0) {
      skipPart(type, this.#reader);
      txns.push(errorTxn(ErrorCode.RUNTIMEINCONSISTENCY));
      return;
    }
    if (!mayBePart(type)) throw new JuteError(`multi with operation ${type}`);
    const result = this.#preparing.part(type, this.#reader);
    if (typeof result === 'number') {
      this.#failedAt = txns.length;
      txns.push(errorTxn(result));
    } else {
      txns.push(asPart(result));
    }
  }

  #end(): void {
    const txns = this.#txns;
    if (this.#failedAt >= 0) {
      this.#changes.rollback();
      for (let i = 0; i < this.#failedAt; i++) txns[i] = errorTxn(ErrorCode.OK);
    }
    this.#body = this.#preparing.end({ type: OpCode.multi, txns });
  }
}

/** What a transaction of type multi can hold. @see docs/wire.md "Multi" */
function mayBePart(op: number): boolean {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.setData:
    case OpCode.check:
      return true;
    default:
      return false;
  }
}

/**
 * A create2 goes into the log as a create, which has the same body: Apache up to 3.8.1 passes over a part of
 * type create2 and would have another tree than everybody else. @see ZOOKEEPER-4026
 */
function asPart(txn: TxnBody): TxnBody {
  return txn.type === OpCode.create2 ? { ...txn, type: OpCode.create } : txn;
}

export function errorTxn(err: number): ErrorTxn {
  return { type: OpCode.error, err };
}
