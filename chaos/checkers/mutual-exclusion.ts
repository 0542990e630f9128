import { groupedBy } from './asked-changes.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, type Operation, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import { parentOf } from './transaction.ts';

/**
 * Below it are locks; the children of a lock are the clients that hold it or wait, in the order of numbers.
 */
export const LOCKS = '/locks';

export const mutualExclusion: Checker<'history'> = {
  name: 'mutual exclusion',
  description:
    'locks and elections: writes of a former holder that come after the turn of the next one began',
  needs: ['history'],
  isOptional: true,
  check: ({ history }) => checkMutualExclusion(history),
};

/** A moment in the tree at which it is known whose turn it was. */
interface Sighting {
  readonly zxid: number;
  /** The znode that held the lock; the fence. */
  readonly holder: string;
  /** Its number. */
  readonly turn: number;
  readonly isWrite: boolean;
  readonly operation: number;
}

/**
 * Checks locks and elections by their fences. A turn has one holder, who writes with a multi that also checks
 * that its own znode exists. So no such write of an earlier turn comes behind a write of a later turn, or
 * behind the moment at which somebody saw a later turn begin. What a client believes while its session is
 * expiring is not judged: the fence is there because of that.
 */
export function checkMutualExclusion(history: readonly HistoryEvent[]): Judgement {
  const operations = operationsOf(history);
  const own = new Set(operations.flatMap(({ completion }) => completion?.created ?? []));
  const reasons: string[] = [];
  let checked = 0;
  const sightings = operations.flatMap(operation => sightingOf(operation, own));
  for (const [lock, ofLock] of groupedBy(sightings, each => each.lock)) {
    ofLock.sort((a, b) => a.zxid - b.zxid || Number(b.isWrite) - Number(a.isWrite));
    let latest: Sighting | undefined;
    for (const sighting of ofLock) {
      checked++;
      if (latest !== undefined && sighting.turn < latest.turn && sighting.isWrite)
        reasons.push(
          `${lock}: operation ${sighting.operation} wrote at zxid ${sighting.zxid} in turn ${sighting.turn}, but operation ${latest.operation} ${latest.isWrite ? 'wrote' : 'began'} turn ${latest.turn} at zxid ${latest.zxid}`,
        );
      if (latest?.turn === sighting.turn && latest.holder !== sighting.holder && sighting.isWrite)
        reasons.push(
          `${lock}: operation ${sighting.operation} wrote at zxid ${sighting.zxid} for ${sighting.holder}, but operation ${latest.operation} ${latest.isWrite ? 'wrote' : 'saw the lock held'} for ${latest.holder}, which has the same number`,
        );
      if (latest === undefined || sighting.turn > latest.turn) latest = sighting;
    }
  }
  return judge(mutualExclusion.name, checked, reasons);
}

function sightingOf(
  operation: Operation,
  own: ReadonlySet<string>,
): (Sighting & { readonly lock: string })[] {
  const { invoke, completion } = operation;
  const { zxid = 0 } = completion ?? {};
  if (outcomeOf(operation) !== 'ok' || zxid === 0) return [];
  const at = { zxid, operation: invoke.operation };
  if (invoke.f === 'multi') {
    const fence = invoke.parts?.find(({ f, path }) => f === 'check' && isLock(parentOf(path)));
    return fence === undefined ? [] : [{ ...at, ...holdingOf(fence.path), isWrite: true }];
  }
  if (invoke.f !== 'getChildren' || !isLock(invoke.path)) return [];
  // Only clients of this history count: then their turn began at the latest when somebody saw it.
  const [first] = [...(completion?.children ?? [])].sort((a, b) => turnOf(a) - turnOf(b));
  if (first === undefined || !own.has(`${invoke.path}/${first}`)) return [];
  return [{ ...at, ...holdingOf(`${invoke.path}/${first}`), isWrite: false }];
}

function holdingOf(path: string): { readonly lock: string; readonly holder: string; readonly turn: number } {
  return { lock: parentOf(path), holder: path, turn: turnOf(path) };
}

function isLock(path: string): boolean {
  return parentOf(path) === LOCKS;
}

/** The number of a sequential znode. */
export function turnOf(name: string): number {
  return Number(name.slice(-10));
}
