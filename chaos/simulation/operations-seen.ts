/** What a client of the simulation itself has been told. */
import type { HistoryEvent } from '../checkers/history.ts';
import type { FinalNode } from '../checkers/run-record.ts';

/**
 * True once such an operation, completed after now, succeeded. NODEEXISTS shows that an earlier create
 * succeeded.
 */
export function doneSince(history: readonly HistoryEvent[], f: string, path: string): () => boolean {
  let at = history.length;
  return () => {
    for (; at < history.length; at++) {
      const event = history[at];
      if (event?.f !== f || event.path !== path || event.type === 'invoke') continue;
      if (event.type === 'ok' || event.error === 'NODEEXISTS') return true;
    }
    return false;
  };
}

/** The znodes that the reads among these events show. */
export function treeOf(events: readonly HistoryEvent[]): Map<string, FinalNode | undefined> {
  const tree = new Map<string, FinalNode | undefined>();
  for (const { type, f, path, value, version, mzxid } of events) {
    if (type !== 'ok' || f !== 'getData') continue;
    const exists = version !== undefined && mzxid !== undefined;
    tree.set(path, exists ? { value: value ?? null, version, mzxid } : undefined);
  }
  return tree;
}
