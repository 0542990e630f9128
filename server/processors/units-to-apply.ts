import { Units, unitsOfBytes } from '../turns/turn-budget.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody } from '../wire/txn.ts';

/**
 * What it costs to apply a transaction of so many bytes, beside the watches that fire and what goes with a
 * session.
 */
export function unitsToApply(bytes: number, body: TxnBody): number {
  const parts = body.type === OpCode.multi ? Math.max(1, body.txns.length) : 1;
  return parts * Units.write + unitsOfBytes(bytes);
}
