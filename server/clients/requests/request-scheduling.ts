import { isWrite } from '../../processors/request.ts';
import { Units, unitsOfBytes } from '../../turns/turn-budget.ts';
import { OpCode } from '../../wire/opcodes.ts';

/** A multi costs as much as one write for each of these many bytes. */
const MULTI_BYTES_PER_UNIT = 16;

/**
 * How a request is scheduled: a read waits for the requests under way, a write is submitted and waits for its
 * transaction, `aside` waits for nothing.
 */
export function wayOf(op: number): 'read' | 'submit' | 'aside' {
  if (op === OpCode.getData || op === OpCode.ping) return 'read';
  if (op === OpCode.auth || op === OpCode.sasl) return 'aside';
  return op === OpCode.sync || isWrite(op) ? 'submit' : 'read';
}

/** A read of one node, whatever its body says. */
export function isShort(op: number): boolean {
  return op === OpCode.getData || op === OpCode.exists || op === OpCode.ping;
}

/** Units of the turn that taking a request costs; the answer of a read costs more. */
export function costOf(op: number, submits: boolean, bytes: number): number {
  if (!submits) return unitsOfBytes(bytes);
  return Units.write + (op === OpCode.multi ? bytes / MULTI_BYTES_PER_UNIT : unitsOfBytes(bytes));
}
