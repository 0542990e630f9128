import { type TurnBudget, unitsOfBytes } from '../../turns/turn-budget.ts';
import type { TxnPacket } from '../../wire/txn-packet.ts';
import type { LearnerHandler } from './learner-handler.ts';

/** Work units of one INFORM to one observer, besides its bytes. */
const INFORM_UNITS = 1;

/**
 * Sends an INFORM to every observer. For hundreds of them this can be more work than applying the
 * transaction, so `budget` is charged with it.
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
