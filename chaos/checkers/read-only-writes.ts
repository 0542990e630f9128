import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite, operationsOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import type { Change, Transaction } from './transaction.ts';

export const readOnlyWrites: Checker<'history' | 'transactions'> = {
  name: 'read-only writes',
  description: 'writes that a read-only server accepts, or refuses and carries out',
  needs: ['history', 'transactions'],
  check: ({ history, transactions }) => checkReadOnlyWrites(history, transactions),
};

/**
 * Checks that a server which has told its client that it is read-only answers every write with NOTREADONLY,
 * and that none of these writes ever happens. A write that was under way when the client was told may still
 * be carried out (row 003-19): its outcome is unknown, and it is not judged here. Writes are recognised by
 * their data, which is unique.
 */
export function checkReadOnlyWrites(
  history: readonly HistoryEvent[],
  transactions: readonly Transaction[],
): Judgement {
  const reasons: string[] = [];
  const carriedOut = new Map<string, number>();
  for (const { zxid, change } of transactions)
    for (const value of valuesOf(change)) carriedOut.set(value, zxid);
  let checked = 0;
  for (const { invoke, completion } of operationsOf(history)) {
    if (!isWrite(invoke.f)) continue;
    checked++;
    if (completion?.readOnly !== true || invoke.f === 'closeSession') continue;
    const who = `operation ${invoke.operation} ${invoke.f} ${invoke.path}`;
    if (completion.type === 'ok') reasons.push(`${who} was accepted by a read-only server`);
    if (completion.type !== 'fail') continue;
    if (completion.error !== 'NOTREADONLY')
      reasons.push(`${who} was refused with ${completion.error} by a read-only server`);
    const wanted = [invoke.value, ...(invoke.parts ?? []).map(({ value }) => value)];
    for (const value of wanted) {
      const zxid = value == null ? undefined : carriedOut.get(value);
      if (zxid !== undefined) reasons.push(`${who} was refused with NOTREADONLY, and is transaction ${zxid}`);
    }
  }
  return judge('read-only writes', checked, reasons);
}

function valuesOf(change: Change): string[] {
  if (change.f === 'multi')
    return change.changes.some(({ f }) => f === 'error') ? [] : change.changes.flatMap(valuesOf);
  return 'value' in change && change.value !== null ? [change.value] : [];
}
