/** The shortest part of an illegal history that is illegal by itself, for people to look at. */
import type { Counterexample } from '../../../results/schema.ts';
import { shortestFailing } from '../../delta-debugging.ts';
import { outcomeOf } from '../history.ts';
import { search } from './search.ts';
import type { ZnodeInterval } from './znode-history.ts';
import { ABSENT, type ZnodeState, znodeModel, znodeModelOf } from './znode-model.ts';

/** Each step searches less than the search that found the history illegal, or gives up. */
const LIMITS = { configurationsMax: 50_000 };
/** A picture of more operations explains nothing. */
const DRAWN_MAX = 24;

/** Operations of one znode that are illegal from a known state of it. */
export interface IllegalPart {
  readonly initial: ZnodeState;
  readonly intervals: readonly ZnodeInterval[];
  /** Its answer has no explanation. */
  readonly culprit: ZnodeInterval;
}

/**
 * 1. The shortest beginning that is illegal: its last answer is the culprit.
 * 2. The latest moment without operations under way, behind which the rest is illegal from every state that
 *    the znode can have then, if it is a single one.
 * 3. Without each answered operation that is not needed. Only those that change nothing are left out, because
 *    without a write the others could not be explained either.
 */
export function illegalPart(intervals: readonly ZnodeInterval[]): IllegalPart {
  const ends = intervals.flatMap(({ to }) => (to === undefined ? [] : [to])).sort((a, b) => a - b);
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isIllegal(ABSENT, until(intervals, ends[middle]!))) high = middle;
    else low = middle + 1;
  }
  const lastEnd = ends[low]!;
  const beginning = until(intervals, lastEnd);
  const culprit = beginning.find(({ to }) => to === lastEnd)!;
  const { initial, rest } = latestStart(beginning);
  const [kept, pure] = [
    rest.filter(each => each === culprit || !znodeModel.isPure(each.op)),
    rest.filter(each => each !== culprit && znodeModel.isPure(each.op)),
  ];
  const needed = shortestFailing(pure, some => isIllegal(initial, [...kept, ...some]));
  return { initial, intervals: [...kept, ...needed].sort((a, b) => a.from - b.from), culprit };
}

/** The history as known at that moment: without later answers, and without operations that had not begun. */
function until(intervals: readonly ZnodeInterval[], end: number): ZnodeInterval[] {
  return intervals
    .filter(({ from }) => from <= end)
    .map(each =>
      each.to === undefined || each.to <= end ? each : { ...each, to: undefined, op: each.unanswered },
    )
    .filter(({ to, op }) => to !== undefined || !znodeModel.isPure(op));
}

function isIllegal(initial: ZnodeState, intervals: readonly ZnodeInterval[]): boolean {
  return search(znodeModelOf(intervals), initial, intervals, LIMITS) === 'illegal';
}

function latestStart(intervals: readonly ZnodeInterval[]): {
  readonly initial: ZnodeState;
  readonly rest: readonly ZnodeInterval[];
} {
  const quiet = quietMoments(intervals);
  // Later moments leave less, and fail to explain it more often. Each is tried twice as far back.
  for (let back = 1; back <= quiet.length; back *= 2) {
    const at = quiet[quiet.length - back]!;
    const initial = onlyStateAt(intervals, at);
    if (initial === undefined) continue;
    const rest = intervals.filter(({ to }) => to === undefined || to > at);
    if (isIllegal(initial, rest)) return { initial, rest };
  }
  return { initial: ABSENT, rest: intervals };
}

/** Ends of answered operations at which no other one is under way. */
function quietMoments(intervals: readonly ZnodeInterval[]): number[] {
  const answered = intervals.flatMap(({ from, to }) => (to === undefined ? [] : [{ from, to }]));
  const begins = answered.map(({ from }) => from).sort((a, b) => a - b);
  const ends = answered.map(({ to }) => to).sort((a, b) => a - b);
  return ends.filter((end, at) => {
    const next = begins[at + 1];
    return next !== undefined && next > end;
  });
}

/** Writes of unknown outcome may or may not have come before; the rest tries them all again. */
function onlyStateAt(intervals: readonly ZnodeInterval[], at: number): ZnodeState | undefined {
  const states = new Map<string, ZnodeState>();
  const before = intervals.filter(({ from, to }) => from <= at && (to === undefined || to <= at));
  const isMore = (state: ZnodeState) => states.set(znodeModel.keyOf(state), state).size > 1;
  if (search(znodeModelOf(before), ABSENT, before, LIMITS, isMore) === 'undecided') return undefined;
  return states.size === 1 ? [...states.values()][0] : undefined;
}

/** @param path of the znode */
export function drawn(path: string, { initial, intervals, culprit }: IllegalPart): Counterexample {
  const shown = [...new Set([...intervals.slice(-DRAWN_MAX), culprit])];
  const leftOut = intervals.length - shown.length;
  const start = initial.version < 0 ? 'does not exist' : `is in version ${initial.version}`;
  return {
    title: `No order explains this: at first ${path} ${start}${leftOut > 0 ? `, and ${leftOut} operations before these are left out` : ''}.`,
    operations: shown.map(each => ({
      ...{ process: each.operation.invoke.process, operation: each.operation.invoke.operation },
      text: textOf(each),
      // A read may begin with the sync that binds it.
      fromMs: each.operation.invoke.timeMs,
      toMs: each.to === undefined ? null : (each.operation.completion?.timeMs ?? null),
      isCulprit: each === culprit,
    })),
  };
}

/** "setData "p2-7" -> version 3" */
export function textOf({ operation, to }: ZnodeInterval): string {
  const { invoke, completion } = operation;
  const value = invoke.value === undefined ? '' : ` ${JSON.stringify(invoke.value)}`;
  const expected = (invoke.version ?? -1) < 0 ? '' : ` if version ${invoke.version}`;
  const parts = (invoke.parts ?? []).map(({ f, path, value, version }) => {
    const condition = (version ?? -1) < 0 ? '' : ` if version ${version}`;
    return `${f} ${path}${value === undefined ? '' : ` ${JSON.stringify(value)}`}${condition}`;
  });
  const request = `${invoke.f}${value}${expected}${parts.length > 0 ? ` [${parts.join(', ')}]` : ''}`;
  if (to === undefined) return `${request} -> ?`;
  return `${request} -> ${answerOf(outcomeOf(operation), completion)}`;
}

function answerOf(outcome: string, completion: ZnodeInterval['operation']['completion']): string {
  if (outcome === 'fail') return completion?.error ?? 'refused';
  const { value, version } = completion ?? {};
  if (value === null && version === undefined) return 'nothing';
  const said = [
    ...(value === undefined ? [] : [JSON.stringify(value)]),
    ...(version === undefined ? [] : [`version ${version}`]),
  ];
  return said.length > 0 ? said.join(' ') : 'ok';
}
