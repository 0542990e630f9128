import { type AskedChange, askedChanges, groupedBy } from './asked-changes.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, isEphemeral, operationsOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import { nameOf, parentOf } from './transaction.ts';

export const sets: Checker<'history'> = {
  name: 'sets',
  description: 'lists of children that lack what was created before, or have what was refused',
  needs: ['history'],
  isOptional: true,
  check: ({ history }) => checkSets(history),
};

/**
 * Checks the children of each znode as a set to which clients add. An answer names the zxid that it was read
 * at, so of each child that was created, and that nobody tried to delete, it is known whether it belongs
 * there. A child whose creation was refused, and that nobody else may have created, never appears.
 */
export function checkSets(history: readonly HistoryEvent[]): Judgement {
  const changes = askedChanges(operationsOf(history));
  const byPath = groupedBy(changes, ({ path }) => path);
  const members = new Map<string, Map<string, number>>();
  const refused = new Map<string, Set<string>>();
  for (const [path, ofPath] of byPath) {
    const fate = fateOf(ofPath);
    if (fate === undefined) continue;
    const parent = parentOf(path);
    if (fate === 'refused') refused.set(parent, (refused.get(parent) ?? new Set()).add(nameOf(path)));
    else members.set(parent, (members.get(parent) ?? new Map()).set(nameOf(path), fate));
  }
  const reasons: string[] = [];
  let checked = 0;
  for (const { type, f, path, children, zxid = 0, operation, unagreed } of history) {
    if (type !== 'ok' || f !== 'getChildren' || children === undefined || unagreed === true) continue;
    const present = new Set(children);
    const where = `operation ${operation} read the children of ${path} at zxid ${zxid}`;
    for (const [name, createdAt] of members.get(path) ?? []) {
      checked++;
      if (createdAt <= zxid && !present.has(name))
        reasons.push(`${where} and missed ${name}, which was created at ${createdAt}`);
      if (createdAt > zxid && present.has(name))
        reasons.push(`${where} and found ${name}, which was created only at ${createdAt}`);
    }
    for (const name of refused.get(path) ?? [])
      if (present.has(name)) reasons.push(`${where} and found ${name}, whose creation was refused`);
  }
  return judge(sets.name, checked, reasons);
}

/** The zxid at which it was created for good; undefined when the history does not tell. */
function fateOf(changes: readonly AskedChange[]): number | 'refused' | undefined {
  const creates = changes.filter(({ f }) => f === 'create');
  if (creates.length === 0) return undefined;
  if (creates.every(({ outcome, operation }) => outcome === 'fail' && !saysItExists(operation.completion)))
    return 'refused';
  const mayBeGone = changes.some(
    ({ f, flags, outcome }) => (f === 'delete' && outcome !== 'fail') || isEphemeral(flags),
  );
  return mayBeGone ? undefined : creates.find(({ outcome }) => outcome === 'ok')?.zxid;
}

function saysItExists(completion: HistoryEvent | undefined): boolean {
  return completion?.error === 'NODEEXISTS';
}
