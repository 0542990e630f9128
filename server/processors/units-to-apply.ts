import { Units, unitsOfBytes } from '../turns/turn-budget.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody } from '../wire/txn.ts';

/**
 * Cost of applying a transaction of this size, without the watches that fire and the nodes that a session's
 * end deletes.
 */
export function unitsToApply(bytes: number, body: TxnBody): number {
  const parts = body.type === OpCode.multi ? Math.max(1, body.txns.length) : 1;
  return parts * Units.write + unitsOfBytes(bytes);
}
