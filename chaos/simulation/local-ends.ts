import type { HistoryEvent } from '../checkers/history.ts';
import type { Transaction } from '../checkers/transaction.ts';

/**
 * The same history, in which the ends of sessions that no transaction has begun have no zxid: they are no
 * transactions either, and the zxid of their answer is that of the last one before.
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
