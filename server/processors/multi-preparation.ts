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
 * Turns a multi into a transaction a few parts at a time: a megabyte has twenty thousand parts, and other
 * clients want answers meanwhile. A multi is all or nothing: when a part fails, those before it report 0, it
 * reports its code, and later ones report -2.
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

  /** Available once the multi is prepared. */
  get body(): TxnBody {
    return this.#body!;
  }

  /**
   * Prepares up to `partsMax` more parts. True when all are done.
   * @throws JuteError when the request is no multi; nothing is pending then
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
    if (!mayBePart(type)) throw new JuteError(`a multi cannot contain operation ${type}`);
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
 * A create2 is logged as a create, which has the same body: Apache up to 3.8.1 skips a part of type create2,
 * and its tree would differ from all others. @see ZOOKEEPER-4026
 */
function asPart(txn: TxnBody): TxnBody {
  return txn.type === OpCode.create2 ? { ...txn, type: OpCode.create } : txn;
}

export function errorTxn(err: number): ErrorTxn {
  return { type: OpCode.error, err };
}
