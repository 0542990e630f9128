import { askedChanges, groupedBy } from './asked-changes.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, operationsOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import { parentOf } from './transaction.ts';

/** Its children are lists: their data are elements, divided by spaces. A multi appends to both of a pair. */
export const LISTS = '/lists';

export const lists: Checker<'history'> = {
  name: 'lists',
  description: 'lists that lose, double or reorder what was appended; multis that are seen in part',
  needs: ['history'],
  isOptional: true,
  check: ({ history }) => checkLists(history),
};

/** The list that has the same elements, because every multi appends to both. */
export function twinOf(path: string): string {
  return path.endsWith('a') ? `${path.slice(0, -1)}b` : `${path.slice(0, -1)}a`;
}

interface Reading {
  readonly elements: readonly string[];
  readonly zxid: number;
  readonly operation: number;
}

/**
 * Checks that all readings of a list are beginnings of the longest one, that a reading has every element
 * whose multi was acknowledged by its zxid and none of a later or refused one, and that two lists of a pair
 * agree whenever they were read at one zxid.
 */
export function checkLists(history: readonly HistoryEvent[]): Judgement {
  const reasons: string[] = [];
  const readings = groupedBy(readingsOf(history), ({ path }) => path);
  const appended = appendedTo(history);
  let checked = 0;
  for (const [path, ofPath] of readings) {
    checked += ofPath.length;
    const longest = ofPath.reduce((a, b) => (b.elements.length > a.elements.length ? b : a));
    const twins = new Map((readings.get(twinOf(path)) ?? []).map(reading => [reading.zxid, reading]));
    if (new Set(longest.elements).size < longest.elements.length)
      reasons.push(`${path} has an element twice: ${told(longest)}`);
    for (const reading of ofPath) {
      if (reading.elements.some((element, at) => longest.elements[at] !== element))
        reasons.push(`${path}: ${told(reading)} is no beginning of ${told(longest)}`);
      const twin = twins.get(reading.zxid);
      if (twin !== undefined && twin.elements.join() !== reading.elements.join())
        reasons.push(`${path}: ${told(reading)}, but its twin is ${told(twin)}`);
      const present = new Set(reading.elements);
      for (const [element, zxid] of appended.get(path) ?? []) {
        if (zxid <= reading.zxid && !present.has(element))
          reasons.push(`${path} lacks ${element}, appended at zxid ${zxid}: ${told(reading)}`);
        if (zxid > reading.zxid && present.has(element))
          reasons.push(
            `${path} has ${element}, which was ${Number.isFinite(zxid) ? `appended at zxid ${zxid}` : 'refused'}: ${told(reading)}`,
          );
      }
    }
  }
  return judge(lists.name, checked, reasons);
}

function readingsOf(history: readonly HistoryEvent[]): (Reading & { readonly path: string })[] {
  return history.flatMap(({ type, f, path, value, zxid = 0, operation, unagreed }) =>
    type === 'ok' &&
    f === 'getData' &&
    unagreed !== true &&
    typeof value === 'string' &&
    parentOf(path) === LISTS
      ? [{ path, elements: value.split(' ').filter(each => each !== ''), zxid, operation }]
      : [],
  );
}

/** By list and element: the zxid that appended it; infinite when it was refused. */
function appendedTo(history: readonly HistoryEvent[]): Map<string, Map<string, number>> {
  const appended = new Map<string, Map<string, number>>();
  for (const { f, path, value, outcome, zxid } of askedChanges(operationsOf(history))) {
    const element = value?.split(' ').at(-1) ?? '';
    if (f !== 'setData' || parentOf(path) !== LISTS || element === '' || outcome === 'info') continue;
    const ofPath = appended.get(path) ?? new Map<string, number>();
    appended.set(path, ofPath);
    ofPath.set(element, zxid ?? Number.POSITIVE_INFINITY);
  }
  return appended;
}

function told({ elements, zxid, operation }: Reading): string {
  return `operation ${operation} read ${elements.length} elements ending in "${elements.slice(-3).join(' ')}" at zxid ${zxid}`;
}
