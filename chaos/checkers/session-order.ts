import type { Checker } from './checker.ts';
import {
  type HistoryEvent,
  isEphemeral,
  isWrite,
  type Operation,
  operationsOf,
  outcomeOf,
} from './history.ts';
import { type Judgement, judge } from './judgement.ts';

export const sessionOrder: Checker<'history'> = {
  name: 'session order',
  description:
    'sessions whose zxid goes back, that do not read their own writes, or are answered out of order',
  needs: ['history'],
  check: ({ history }) => checkSessionOrder(history),
};

/**
 * Checks that each session is answered in order and never sees an older tree, whichever servers it was
 * connected to:
 *
 * - answers come in the order of the requests;
 * - the zxid of the answers never goes back;
 * - a session reads its own writes, or something newer.
 */
export function checkSessionOrder(history: readonly HistoryEvent[]): Judgement {
  const reasons: string[] = [];
  let checked = 0;
  const deleted = deletedPaths(history);
  for (const [session, operations] of operationsBySession(history)) {
    const answered = operations.filter(operation => outcomeOf(operation) !== 'info');
    checked += answered.length;
    for (const complaint of [
      ...disorder(answered),
      ...regressions(answered),
      ...forgotten(answered, deleted),
    ]) {
      reasons.push(`session ${session}: ${complaint}`);
    }
  }
  return judge('session order', checked, reasons);
}

function operationsBySession(history: readonly HistoryEvent[]): Map<string, Operation[]> {
  const bySession = new Map<string, Operation[]>();
  for (const operation of operationsOf(history)) {
    const { session } = operation.invoke;
    const operations = bySession.get(session);
    if (operations === undefined) bySession.set(session, [operation]);
    else operations.push(operation);
  }
  return bySession;
}

function disorder(answered: readonly Operation[]): string[] {
  const complaints: string[] = [];
  let previous: Operation | undefined;
  for (const operation of answered) {
    if (previous !== undefined && indexOf(operation) < indexOf(previous)) {
      complaints.push(`operation ${numberOf(operation)} was answered before ${numberOf(previous)}`);
    }
    previous = operation;
  }
  return complaints;
}

function regressions(answered: readonly Operation[]): string[] {
  const complaints: string[] = [];
  let seen = 0;
  for (const operation of [...answered].sort((a, b) => indexOf(a) - indexOf(b))) {
    const zxid = operation.completion?.zxid;
    if (zxid === undefined) continue;
    if (zxid < seen)
      complaints.push(`operation ${numberOf(operation)} answered with zxid ${zxid} after ${seen}`);
    seen = Math.max(seen, zxid);
  }
  return complaints;
}

/** Paths that may have been deleted at some time. A read that finds nothing there proves nothing. */
function deletedPaths(history: readonly HistoryEvent[]): Set<string> {
  const paths = new Set<string>();
  for (const { f, path, flags, parts = [] } of history) {
    if (f === 'delete' || isEphemeral(flags)) paths.add(path);
    for (const part of parts) if (part.f === 'delete' || isEphemeral(part.flags)) paths.add(part.path);
  }
  return paths;
}

function forgotten(answered: readonly Operation[], deleted: ReadonlySet<string>): string[] {
  const complaints: string[] = [];
  const written = new Map<string, number>();
  for (const operation of answered) {
    if (outcomeOf(operation) !== 'ok') continue;
    const { f, path } = operation.invoke;
    const { zxid = 0, mzxid = 0, value } = operation.completion ?? {};
    if (isWrite(f)) {
      if (f === 'delete') written.delete(path);
      else written.set(path, zxid);
      continue;
    }
    const own = written.get(path);
    if (f !== 'getData' || own === undefined) continue;
    if (value === null ? deleted.has(path) : mzxid >= own) continue;
    const read = value === null ? 'found nothing at' : `read as of ${mzxid}`;
    complaints.push(`operation ${numberOf(operation)} ${read} ${path}, but its own write was ${own}`);
  }
  return complaints;
}

function indexOf(operation: Operation): number {
  return operation.completion?.index ?? operation.invoke.index;
}

function numberOf(operation: Operation): number {
  return operation.invoke.operation;
}
