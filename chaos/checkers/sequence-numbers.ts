import { type AskedChange, askedChanges, groupedBy } from './asked-changes.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, operationsOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import { parentOf } from './transaction.ts';

export const sequenceNumbers: Checker<'history'> = {
  name: 'sequence numbers',
  description: 'sequential znodes whose numbers are given twice, or do not rise with their transactions',
  needs: ['history'],
  isOptional: true,
  check: ({ history }) => checkSequenceNumbers(history),
};

const NUMBERED = 2;
const DIGITS = 10;

/**
 * Checks the numbers of sequential znodes: those of one parent rise with the zxids of their transactions.
 * Numbers may be left out. A parent that clients may have deleted is exempt, because its numbers start again.
 */
export function checkSequenceNumbers(history: readonly HistoryEvent[]): Judgement {
  const changes = askedChanges(operationsOf(history));
  const deleted = new Set(
    changes.flatMap(({ f, path, outcome }) => (f === 'delete' && outcome !== 'fail' ? [path] : [])),
  );
  // A multi does not say under which names it created.
  const named = changes.filter(
    ({ f, flags, zxid, operation }) =>
      f === 'create' && flags >= NUMBERED && zxid !== undefined && operation.invoke.f === 'create',
  );
  const reasons: string[] = [];
  let checked = 0;
  for (const [parent, created] of groupedBy(named, ({ path }) => parentOf(path))) {
    if (deleted.has(parent)) continue;
    checked += created.length;
    created.sort((a, b) => (a.zxid ?? 0) - (b.zxid ?? 0));
    let [before] = created;
    for (const next of created.slice(1)) {
      if (before !== undefined && numberOf(next) <= numberOf(before))
        reasons.push(`${told(next)}, after ${told(before)}`);
      if (before === undefined || numberOf(next) > numberOf(before)) before = next;
    }
  }
  return judge(sequenceNumbers.name, checked, reasons);
}

function numberOf({ path }: AskedChange): number {
  return Number(path.slice(-DIGITS));
}

function told({ path, zxid, operation }: AskedChange): string {
  return `operation ${operation.invoke.operation} created ${path} at zxid ${zxid}`;
}
