import type { Checker } from './checker.ts';
import { asksForEphemeral, type HistoryEvent } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import type { SessionRecords } from './read-only-record.ts';
import type { Transaction } from './transaction.ts';

export const localSessions: Checker<'history' | 'transactions' | 'localSessions'> = {
  name: 'local sessions',
  description:
    'session ids that are given twice; transactions of sessions that one member should keep to itself',
  needs: ['history', 'transactions', 'localSessions'],
  check: ({ history, transactions, localSessions: records }) =>
    checkLocalSessions(history, transactions, records),
};

const SID_SHIFT = 56n;

/**
 * Checks sessions that members keep to themselves (ZOOKEEPER-1147): no two have one id, each id names the
 * member that gave it, and no transaction begins or ends such a session. A session becomes global once, and
 * only after its client has asked for an ephemeral znode.
 */
export function checkLocalSessions(
  history: readonly HistoryEvent[],
  transactions: readonly Transaction[],
  { opened, sids, areUpgraded }: SessionRecords,
): Judgement {
  const reasons: string[] = [];
  const openedBy = new Map<string, string>();
  for (const { session, member } of opened) {
    const other = openedBy.get(session);
    if (other !== undefined) reasons.push(`session ${session} was opened by ${other} and by ${member}`);
    openedBy.set(session, member);
    const sid = sids.get(member);
    if (sid !== undefined && BigInt(`0x${session}`) >> SID_SHIFT !== BigInt(sid))
      reasons.push(`session ${session} does not name ${member}, which opened it`);
  }
  const askedMs = new Map<string, number>();
  for (const event of history)
    if (event.type === 'invoke' && asksForEphemeral(event) && !askedMs.has(event.session))
      askedMs.set(event.session, event.timeMs);
  const isGlobal = new Set<string>();
  for (const { zxid, timeMs, session, change } of transactions) {
    if (change.f === 'closeSession' && !isGlobal.has(session))
      reasons.push(`transaction ${zxid} ends session ${session}, which no transaction has begun`);
    if (change.f !== 'createSession') continue;
    if (isGlobal.has(session)) reasons.push(`transaction ${zxid} begins session ${session} again`);
    isGlobal.add(session);
    const asked = areUpgraded ? askedMs.get(session) : undefined;
    if (asked === undefined || asked > timeMs)
      reasons.push(`transaction ${zxid} makes session ${session} global, and nothing asked for that`);
  }
  return judge('local sessions', opened.length + transactions.length, reasons);
}
