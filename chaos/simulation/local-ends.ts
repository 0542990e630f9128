import type { HistoryEvent } from '../checkers/history.ts';
import type { Transaction } from '../checkers/transaction.ts';

/**
 * The same history, without the zxids of the ends of local sessions. No transaction begins or ends such a
 * session, and the answer to its end carries the zxid of the last transaction before it.
 */
export function withoutLocalEnds(
  history: readonly HistoryEvent[],
  transactions: readonly Transaction[],
): readonly HistoryEvent[] {
  const globalSessions = new Set(
    transactions.filter(({ change }) => change.f === 'createSession').map(({ session }) => session),
  );
  return history.map(event => {
    if (event.f !== 'closeSession' || event.type !== 'ok' || globalSessions.has(event.session)) return event;
    const { zxid: _, ...rest } = event;
    return rest;
  });
}
