import { askedChanges, groupedBy } from './asked-changes.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, isEphemeral, isWrite, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import { nameOf, parentOf } from './transaction.ts';

export const ephemerals: Checker<'history'> = {
  name: 'ephemerals',
  description: 'ephemerals that are gone while their session writes on, or there after it was closed',
  needs: ['history'],
  isOptional: true,
  check: ({ history }) => checkEphemerals(history),
};

interface Life {
  readonly session: string;
  readonly from: number;
  /** The newest write of its session: the ephemeral existed at least until then. */
  readonly atLeastUntil: number;
  /** When its session was closed; infinite when the history does not tell. */
  readonly until: number;
}

/**
 * Checks ephemerals that one client created and nobody tried to delete. A session that had a write
 * acknowledged was alive at the zxid of that write, and so was each of its ephemerals; a session that was
 * closed has none from the zxid of that on. Any answer of any server is compared with that.
 */
export function checkEphemerals(history: readonly HistoryEvent[]): Judgement {
  const lives = livesOf(history);
  const byParent = groupedBy([...lives], ([path]) => parentOf(path));
  const reasons: string[] = [];
  let checked = 0;
  const see = (path: string, isThere: boolean, { zxid = 0, operation }: HistoryEvent) => {
    const life = lives.get(path);
    if (life === undefined) return;
    checked++;
    const about = `operation ${operation} at zxid ${zxid}`;
    if (!isThere && zxid >= life.from && zxid <= life.atLeastUntil)
      reasons.push(
        `${about} did not find ${path}: session ${life.session} created it at ${life.from} and still wrote at ${life.atLeastUntil}`,
      );
    if (isThere && zxid < life.from)
      reasons.push(`${about} found ${path}, which was created only at ${life.from}`);
    if (isThere && zxid >= life.until)
      reasons.push(`${about} found ${path}, but session ${life.session} was closed at ${life.until}`);
  };
  for (const event of history) {
    const { type, f, path, children, value, version, unagreed, zxid } = event;
    if (type !== 'ok' || unagreed === true || zxid === undefined) continue;
    if (f === 'getData' || f === 'exists') see(path, value !== null || version !== undefined, event);
    if (f !== 'getChildren') continue;
    const present = new Set(children);
    // A parent that does not exist has no list at all.
    for (const [child] of byParent.get(path) ?? []) see(child, present.has(nameOf(child)), event);
  }
  return judge(ephemerals.name, checked, reasons);
}

function livesOf(history: readonly HistoryEvent[]): Map<string, Life> {
  const operations = operationsOf(history);
  const newestWrite = new Map<string, number>();
  const closed = new Map<string, number>();
  for (const operation of operations) {
    const { f, session } = operation.invoke;
    const zxid = operation.completion?.zxid;
    if (!isWrite(f) || outcomeOf(operation) !== 'ok' || zxid === undefined) continue;
    if (f === 'closeSession') closed.set(session, zxid);
    else newestWrite.set(session, Math.max(zxid, newestWrite.get(session) ?? 0));
  }
  const lives = new Map<string, Life>();
  for (const [path, changes] of groupedBy(askedChanges(operations), each => each.path)) {
    const [created, ...more] = changes.filter(({ f, outcome }) => f !== 'setData' && outcome !== 'fail');
    if (created?.f !== 'create' || created.zxid === undefined || more.length > 0) continue;
    if (!isEphemeral(created.flags)) continue;
    const { session } = created.operation.invoke;
    lives.set(path, {
      ...{ session, from: created.zxid, atLeastUntil: newestWrite.get(session) ?? created.zxid },
      until: closed.get(session) ?? Number.POSITIVE_INFINITY,
    });
  }
  return lives;
}
