import { type AskedChange, askedChanges, groupedBy } from './asked-changes.ts';
import type { Checker } from './checker.ts';
import { CONFIG_PATH } from './configuration-text.ts';
import { type HistoryEvent, isEphemeral, operationsOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';

export const readsByZxid: Checker<'history'> = {
  name: 'reads by zxid',
  description: 'reads that do not show what was acknowledged by the zxid that they name, or show the future',
  needs: ['history'],
  check: ({ history }) => checkReadsByZxid(history),
};

/**
 * Checks that reads are sequentially consistent in the order of zxids, whichever server answers: a read as of
 * a zxid shows the newest write of its znode that was acknowledged with that zxid or a smaller one, or
 * something newer that is not in the history as acknowledged, and nothing of a larger zxid.
 */
export function checkReadsByZxid(history: readonly HistoryEvent[]): Judgement {
  const changes = groupedBy(askedChanges(operationsOf(history)), ({ path }) => path);
  const known = new Map([...changes].map(([path, ofPath]) => [path, acknowledged(ofPath)]));
  const mayVanish = new Set(
    [...changes].filter(([, ofPath]) => ofPath.some(isOpenEnd)).map(([path]) => path),
  );
  const reasons: string[] = [];
  let checked = 0;
  for (const { type, f, path, zxid = 0, mzxid, operation, unagreed } of history) {
    // What `configurations.ts` judges.
    if (path === CONFIG_PATH) continue;
    if (type !== 'ok' || (f !== 'getData' && f !== 'exists') || unagreed === true || zxid === 0) continue;
    const newest = lastUntil(known.get(path) ?? [], zxid);
    checked++;
    const where = `operation ${operation} read ${path} at zxid ${zxid}`;
    if (mzxid !== undefined && mzxid > zxid) reasons.push(`${where}, but shows a change of ${mzxid}`);
    if (newest === undefined) continue;
    const { f: change, zxid: at = 0, operation: write } = newest;
    const by = `operation ${write.invoke.operation} (${change}) was acknowledged at ${at}`;
    if (mzxid === undefined) {
      if (change !== 'delete' && !mayVanish.has(path)) reasons.push(`${where} and found nothing, but ${by}`);
    } else if (mzxid < at) reasons.push(`${where} as of ${mzxid}, but ${by}`);
  }
  return judge(readsByZxid.name, checked, reasons);
}

/** In the order of zxids; of one multi the last. */
function acknowledged(changes: readonly AskedChange[]): AskedChange[] {
  return changes.filter(({ zxid }) => zxid !== undefined).sort((a, b) => (a.zxid ?? 0) - (b.zxid ?? 0));
}

/** Somebody, or a server, may have deleted it without an acknowledgement that says when. */
function isOpenEnd({ f, flags, outcome }: AskedChange): boolean {
  return (f === 'delete' && outcome === 'info') || isEphemeral(flags);
}

function lastUntil(changes: readonly AskedChange[], zxid: number): AskedChange | undefined {
  let low = 0;
  for (let high = changes.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.zxid ?? 0) <= zxid) low = middle + 1;
    else high = middle;
  }
  return changes[low - 1];
}
