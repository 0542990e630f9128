import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite, type Operation, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge, together } from './judgement.ts';
import type { FinalNode } from './run-record.ts';

export const acknowledgedWrites: Checker<'history' | 'finalTrees'> = {
  name: 'acknowledged writes',
  description: 'writes that were acknowledged and are gone; data that nobody wrote',
  needs: ['history', 'finalTrees'],
  check: ({ history, finalTrees }) =>
    together(
      'acknowledged writes',
      finalTrees.map(tree => checkAcknowledgedWrites(history, tree)),
    ),
};

/**
 * Checks that no acknowledged write is lost, and that the final tree holds nothing that nobody wrote.
 *
 * For each path of the final tree:
 * - the last change is not older than the newest acknowledged write;
 * - the data comes from a write that may have happened;
 * - the version counts every acknowledged setData, so that a lost write shows even when a later one covered
 *   it. A path that was deleted is exempt, because its versions start again.
 *
 * Values must be unique among the writes of a path.
 */
export function checkAcknowledgedWrites(
  history: readonly HistoryEvent[],
  finalTree: ReadonlyMap<string, FinalNode | undefined>,
): Judgement {
  const reasons: string[] = [];
  let checked = 0;
  for (const [path, writes] of writesByPath(operationsOf(history))) {
    if (!finalTree.has(path)) continue;
    checked += writes.filter(write => outcomeOf(write) === 'ok').length;
    reasons.push(...lossesOf(path, writes, finalTree.get(path)));
  }
  return judge('acknowledged writes', checked, reasons);
}

function writesByPath(operations: readonly Operation[]): Map<string, Operation[]> {
  const byPath = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (!isWrite(operation.invoke.f)) continue;
    const writes = byPath.get(operation.invoke.path);
    if (writes === undefined) byPath.set(operation.invoke.path, [operation]);
    else writes.push(operation);
  }
  return byPath;
}

function lossesOf(path: string, writes: readonly Operation[], node: FinalNode | undefined): string[] {
  const newest = newestAcknowledged(writes);
  const deletes = writes.filter(write => write.invoke.f === 'delete' && outcomeOf(write) !== 'fail');
  if (node === undefined) {
    return newest === undefined || deletes.some(write => mayBeLast(write, newest))
      ? []
      : [`${path} is gone: operation ${newest.invoke.operation} (${describe(newest)}) was acknowledged`];
  }
  return [
    ...staleness(path, newest, node),
    ...origin(path, writes, newest, node),
    ...(deletes.length > 0 ? [] : miscount(path, writes, node)),
  ];
}

function staleness(path: string, newest: Operation | undefined, node: FinalNode): string[] {
  if (newest === undefined || node.mzxid >= zxidOf(newest)) return [];
  return [
    `${path} was last changed at zxid ${node.mzxid}, but operation ${newest.invoke.operation} ` +
      `(${describe(newest)}) was acknowledged at ${zxidOf(newest)}`,
  ];
}

function origin(
  path: string,
  writes: readonly Operation[],
  newest: Operation | undefined,
  node: FinalNode,
): string[] {
  const writer = writes.find(write => write.invoke.f !== 'delete' && write.invoke.value === node.value);
  if (writer === undefined) return [`${path} holds ${JSON.stringify(node.value)}, which nobody wrote`];
  if (outcomeOf(writer) === 'fail') {
    return [`${path} holds the data of operation ${writer.invoke.operation}, which failed`];
  }
  if (newest !== undefined && !mayBeLast(writer, newest)) {
    return [
      `${path} holds the data of operation ${writer.invoke.operation}, older than acknowledged ` +
        `operation ${newest.invoke.operation}`,
    ];
  }
  return [];
}

function miscount(path: string, writes: readonly Operation[], node: FinalNode): string[] {
  const sets = writes.filter(write => write.invoke.f === 'setData');
  const least = sets.filter(write => outcomeOf(write) === 'ok').length;
  const most = sets.filter(write => outcomeOf(write) !== 'fail').length;
  if (node.version >= least && node.version <= most) return [];
  return [
    `${path} has version ${node.version} after ${least} acknowledged and ${most - least} uncertain setData: ` +
      (node.version < least ? `${least - node.version} lost` : 'some happened twice, or failed and happened'),
  ];
}

function newestAcknowledged(writes: readonly Operation[]): Operation | undefined {
  let newest: Operation | undefined;
  for (const write of writes) {
    if (outcomeOf(write) !== 'ok') continue;
    if (newest === undefined || zxidOf(write) > zxidOf(newest)) newest = write;
  }
  return newest;
}

/** True for the newest acknowledged write, and for a write that may have happened after it. */
function mayBeLast(write: Operation, newest: Operation): boolean {
  return outcomeOf(write) === 'info' || (outcomeOf(write) === 'ok' && zxidOf(write) >= zxidOf(newest));
}

function zxidOf(write: Operation): number {
  return write.completion?.zxid ?? 0;
}

function describe(write: Operation): string {
  return `${write.invoke.f} ${JSON.stringify(write.invoke.value ?? null)} by process ${write.invoke.process}`;
}
