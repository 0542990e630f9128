/** The changes that writes of a history asked for, one for each znode, also of the parts of a multi. */
import { type HistoryEvent, type MultiPart, type Operation, type Outcome, outcomeOf } from './history.ts';

export interface AskedChange {
  readonly f: 'create' | 'setData' | 'delete';
  /**
   * A change of a sequential znode is here only if its create was answered; otherwise its name is unknown.
   */
  readonly path: string;
  readonly value: string | null;
  readonly flags: number;
  readonly operation: Operation;
  readonly outcome: Outcome;
  /** When it was acknowledged: of its transaction. */
  readonly zxid: number | undefined;
}

export function askedChanges(operations: readonly Operation[]): AskedChange[] {
  return operations.flatMap(operation => {
    const { invoke, completion } = operation;
    const outcome = outcomeOf(operation);
    const zxid = outcome === 'ok' ? completion?.zxid : undefined;
    const changes: readonly (HistoryEvent | MultiPart)[] =
      invoke.f === 'multi' ? (invoke.parts ?? []) : [invoke];
    return changes.flatMap(({ f, path, value = null, flags = 0 }) =>
      f === 'create' || f === 'setData' || f === 'delete'
        ? [{ f, path: completion?.created ?? path, value, flags, operation, outcome, zxid }]
        : [],
    );
  });
}

/** Groups in the order of first appearance. */
export function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
