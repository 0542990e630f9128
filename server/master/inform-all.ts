import { type TurnBudget, unitsOfBytes } from '../turns/turn-budget.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import type { LearnerHandler } from './learner-handler.ts';

/** Of one INFORM to one observer, beside its bytes. */
const INFORM_UNITS = 1;

/**
 * Hundreds of observers can make more work of a transaction than to apply it: `budget` is charged with it.
 */
export function informAll(
  observers: ReadonlySet<LearnerHandler>,
  packet: TxnPacket,
  budget: TurnBudget,
): void {
  if (observers.size === 0) return;
  budget.spend(observers.size * (INFORM_UNITS + unitsOfBytes(packet.bytes.length)));
  for (const observer of observers) observer.sendInform(packet);
}
