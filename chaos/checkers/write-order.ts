import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';

export const writeOrder: Checker<'history'> = {
  name: 'write order',
  description: 'zxids against real time, a zxid given twice, two answers for one zxid',
  needs: ['history'],
  check: ({ history }) => checkWriteOrder(history),
};

/**
 * Checks that writes are linearizable in zxid order: a write acknowledged before another began has the
 * smaller zxid, no two writes share one, and data read with a zxid is the data written with it.
 */
export function checkWriteOrder(history: readonly HistoryEvent[]): Judgement {
  const reasons: string[] = [];
  const valueAt = new Map<string, { value: string | null | undefined; operation: number }>();
  // The end of a local session is no transaction and has no zxid, and some clients do not tell theirs.
  const acknowledged = operationsOf(history).filter(
    operation =>
      isWrite(operation.invoke.f) &&
      outcomeOf(operation) === 'ok' &&
      operation.completion?.zxid !== undefined,
  );
  const byZxid = new Map<number, number>();
  for (const { invoke, completion } of acknowledged) {
    const zxid = completion?.zxid ?? 0;
    const twin = byZxid.get(zxid);
    if (twin !== undefined) reasons.push(`operations ${twin} and ${invoke.operation} share zxid ${zxid}`);
    byZxid.set(zxid, invoke.operation);
    // What a reconfig has written, only its answer says.
    const { value } = invoke.f === 'reconfig' ? { value: completion?.value } : invoke;
    valueAt.set(`${zxid} ${invoke.path}`, { value, operation: invoke.operation });
  }
  reasons.push(...againstRealTime(history), ...misread(history, valueAt));
  return judge('write order', acknowledged.length, reasons);
}

function againstRealTime(history: readonly HistoryEvent[]): string[] {
  const complaints: string[] = [];
  const floorAtInvoke = new Map<number, number>();
  let floor = 0;
  for (const event of history) {
    if (!isWrite(event.f)) continue;
    if (event.type === 'invoke') floorAtInvoke.set(event.operation, floor);
    if (event.type !== 'ok' || event.zxid === undefined) continue;
    const before = floorAtInvoke.get(event.operation) ?? 0;
    if (event.zxid <= before) {
      complaints.push(
        `operation ${event.operation} got zxid ${event.zxid}, but zxid ${before} was acknowledged before it began`,
      );
    }
    floor = Math.max(floor, event.zxid);
  }
  return complaints;
}

function misread(
  history: readonly HistoryEvent[],
  valueAt: Map<string, { value: string | null | undefined; operation: number }>,
): string[] {
  const complaints: string[] = [];
  for (const event of history) {
    if (event.type !== 'ok' || event.f !== 'getData' || event.mzxid === undefined) continue;
    const key = `${event.mzxid} ${event.path}`;
    const known = valueAt.get(key);
    if (known === undefined) {
      valueAt.set(key, { value: event.value, operation: event.operation });
    } else if (known.value !== event.value) {
      complaints.push(
        `operation ${event.operation} read ${JSON.stringify(event.value)} from ${event.path} at zxid ${event.mzxid}, but ` +
          `operation ${known.operation} has ${JSON.stringify(known.value)}`,
      );
    }
  }
  return complaints;
}
