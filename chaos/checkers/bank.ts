import type { Checker } from './checker.ts';
import { type HistoryEvent, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import { parentOf } from './transaction.ts';

/** Its children are accounts; their data are balances. */
export const BANK = '/bank';

export const bank: Checker<'history'> = {
  name: 'bank',
  description: 'accounts whose total changes though multis only move money; balances below zero',
  needs: ['history'],
  isOptional: true,
  check: ({ history }) => checkBank(history),
};

/**
 * Checks that the accounts have one total at every zxid at which all of them were read, by whichever clients:
 * that with which a multi opened them. A multi that was applied in part, twice, or on old balances changes
 * it.
 */
export function checkBank(history: readonly HistoryEvent[]): Judgement {
  const opened = operationsOf(history).filter(
    operation => outcomeOf(operation) !== 'fail' && isOpening(operation.invoke),
  );
  const [first] = opened;
  if (first === undefined) return judge(bank.name, 0, []);
  const accounts = (first.invoke.parts ?? []).map(({ path }) => path);
  const total = (first.invoke.parts ?? []).reduce((sum, { value }) => sum + Number(value), 0);
  const reasons: string[] = [];
  const balancesAt = new Map<number, Map<string, number>>();
  for (const { type, f, path, value, zxid, operation, unagreed } of history) {
    if (type !== 'ok' || f !== 'getData' || unagreed === true || zxid === undefined) continue;
    if (parentOf(path) !== BANK || typeof value !== 'string') continue;
    const balance = Number(value);
    if (balance < 0)
      reasons.push(`operation ${operation} read a balance of ${balance} from ${path} at zxid ${zxid}`);
    const balances = balancesAt.get(zxid) ?? new Map<string, number>();
    balancesAt.set(zxid, balances);
    const other = balances.get(path);
    if (other !== undefined && other !== balance)
      reasons.push(`${path} was read as ${other} and as ${balance} at zxid ${zxid}`);
    balances.set(path, balance);
  }
  let checked = 0;
  for (const [zxid, balances] of balancesAt) {
    if (!accounts.every(account => balances.has(account))) continue;
    checked++;
    const sum = accounts.reduce((all, account) => all + (balances.get(account) ?? 0), 0);
    if (sum !== total)
      reasons.push(`the accounts add up to ${sum} at zxid ${zxid}; they began with ${total}`);
  }
  return judge(bank.name, checked, reasons);
}

function isOpening({ f, parts = [] }: HistoryEvent): boolean {
  return (
    f === 'multi' &&
    parts.length > 0 &&
    parts.every(part => part.f === 'create' && parentOf(part.path) === BANK)
  );
}
